"""What only workers and other apps' verbs bring about."""

from subscriptions.internal._begin import start
from subscriptions.internal._due_changes import apply_change
from subscriptions.internal._dunning import end_unpaid, follow_access, follow_past_due
from subscriptions.internal._end import end_term, expire_incomplete
from subscriptions.internal._families import LiveSubscriptionExists
from subscriptions.internal._moving import migrate, migrate_chunk
from subscriptions.internal._pauses import PaymentMethodMissing, pause_due, resume_due
from subscriptions.internal._payments import forgive, mark_past_due, settle
from subscriptions.internal._policy import NotAllowed
from subscriptions.internal._rebuild import NOBODY, Rebuilt, list_customers, rebuild_mrr
from subscriptions.internal._reminders import (
    Reminder,
    SubscriptionNotRemindable,
    check_remindable,
    remind_upcoming,
    write_reminder,
)
from subscriptions.internal._renew import renew
from subscriptions.internal._renewals import renew_many
from subscriptions.internal._scheduled import ChangeLetter, write_change_letter
from subscriptions.internal._seller import CancellationOfTheSeller, ChangeOfTheSeller, PauseOfTheSeller
from subscriptions.internal._terms import grant_term
from subscriptions.internal._timezones import follow_timezone
from subscriptions.internal._trial import convert_trial
from subscriptions.internal._trial_uses import note_cards_of

__all__ = [
    "NOBODY",
    "CancellationOfTheSeller",
    "ChangeLetter",
    "ChangeOfTheSeller",
    "LiveSubscriptionExists",
    "NotAllowed",
    "PauseOfTheSeller",
    "PaymentMethodMissing",
    "Rebuilt",
    "Reminder",
    "SubscriptionNotRemindable",
    "apply_change",
    "check_remindable",
    "convert_trial",
    "end_term",
    "end_unpaid",
    "expire_incomplete",
    "follow_access",
    "follow_past_due",
    "follow_timezone",
    "forgive",
    "grant_term",
    "list_customers",
    "mark_past_due",
    "migrate",
    "migrate_chunk",
    "note_cards_of",
    "pause_due",
    "rebuild_mrr",
    "remind_upcoming",
    "renew",
    "renew_many",
    "resume_due",
    "settle",
    "start",
    "write_change_letter",
    "write_reminder",
]
