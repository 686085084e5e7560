"""What a change would cost: the change itself, carried out and undone."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from billing.internal import NewLine
from billing.selectors import Explanation, InvoiceView, explain_invoice, get_invoice, list_waiting, waiting_ids
from core import errors
from core.actor import SYSTEM, Actor
from subscriptions.internal._changing import Outcome, carry_out
from subscriptions.internal._due_changes import apply_change
from subscriptions.internal._policy import CHANGE, check_customer
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked
from subscriptions.internal._upcoming import begin_upcoming, next_begins_at, undone
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.services._schedule import NOW, schedule_change
from subscriptions.wanted import Wanted

# So many periods are begun to tell what comes after them.
MOST_PERIODS: Final = 110


class TooFarAhead(errors.Invalid):
    """`periods` is how many can come before."""

    code = "too_far_ahead"
    title = "Too many periods come before that instant to tell what the change will cost."


class ChangeWouldFail(errors.Conflict):
    code = "change_would_fail"
    title = "The change could not be made when its time comes."


@dataclass(frozen=True, kw_only=True)
class ChangePreview:
    """What a change would come to. Amounts are minor units of `currency`.

    `behavior` is None where nothing is charged for the running period. `invoice` is the change's own, `waiting` are the
    lines that would wait for the next invoice because of it, and `renewal` is that invoice with whatever else waits, as
    far as it is known: usage is counted as it stands. `renewal` is None if no period follows, or if it could not begin,
    for the reason `refusal`.
    """

    subscription: str
    currency: str
    is_changed: bool
    takes_effect_at: datetime
    behavior: Behavior | None
    invoice: Explanation | None
    waiting: tuple[NewLine, ...] = ()
    renews_at: datetime | None = None
    renewal: Explanation | None = None
    refusal: str = ""
    due_minor: int = field(default=0)

    @property
    def waiting_minor(self) -> int:
        return sum(line.amount_minor for line in self.waiting)

    @property
    def credit_minor(self) -> int:
        """What the customer is given credit for that no invoice has taken up yet."""
        return -sum(line.amount_minor for line in self.waiting if line.amount_minor < 0)


@transaction.atomic
def preview_change(
    *,
    subscription_id: UUID,
    wanted: Wanted,
    when: str | datetime = NOW,
    behavior: Behavior | None = None,
    actor: Actor,
    now: datetime,
) -> ChangePreview:
    """This function will return exactly what `change_subscription` would invoice at the same instant.

    It carries the change out and takes it back, so that no row, number, fact or job stays. A later one is carried out
    as a worker will, after everything that comes before it.

    :raises core.errors.Refusal: as `change_subscription` would.
    :raises TooFarAhead: if more periods come before than can be told.
    """
    with undone():
        subscription = locked(subscription_id)
        check_customer(actor, CHANGE)
        catch_up(subscription, actor=actor, now=now)
        before = waiting_ids(subscription.public_id)
        if when == NOW:
            done = carry_out(subscription, wanted, behavior=behavior, at=now, actor=actor, now=now)
            return _seen(subscription, done, before, at=now)
        at = when if isinstance(when, datetime) else None
        return _seen_later(subscription, wanted, before, at=at, behavior=behavior, actor=actor, now=now)


def _seen_later(
    subscription: Subscription,
    wanted: Wanted,
    before: frozenset[UUID],
    *,
    at: datetime | None,
    behavior: Behavior | None,
    actor: Actor,
    now: datetime,
) -> ChangePreview:
    row = schedule_change(
        subscription_id=subscription.pk, wanted=wanted, at=at, behavior=behavior, actor=actor, now=now
    )
    _refuse_too_far(subscription, at)
    begins_at = next_begins_at(subscription)
    if at is None:
        return _seen(subscription, Outcome(), before, at=begins_at or row.takes_effect_at)
    apply_change(change_id=row.pk, actor=SYSTEM, now=at)
    row.refresh_from_db()
    if row.state == ScheduledChange.State.FAILED:
        raise ChangeWouldFail(row.error)
    subscription.refresh_from_db()
    invoice = get_invoice(row.invoice_id) if row.invoice_id else None
    return _seen(subscription, Outcome(invoice=invoice, behavior=behavior), before, at=at)


def _refuse_too_far(subscription: Subscription, at: datetime | None) -> None:
    if at is None or subscription.period_index is None or subscription.period_boundary is None:
        return
    if subscription.cycle.index(at) - subscription.period_boundary > MOST_PERIODS:
        raise TooFarAhead(periods=MOST_PERIODS)


def _seen(subscription: Subscription, done: Outcome, before: frozenset[UUID], *, at: datetime) -> ChangePreview:
    invoice = _explained(done.invoice)
    waiting = list_waiting(subscription.public_id, subscription.currency, besides=before)
    renews_at = next_begins_at(subscription)
    renewal, refusal = _renewal(subscription, renews_at)
    return ChangePreview(
        subscription=subscription.public_id, currency=subscription.currency, is_changed=done.is_changed,
        takes_effect_at=at, behavior=done.behavior, invoice=invoice, waiting=waiting, renews_at=renews_at,
        renewal=renewal, refusal=refusal, due_minor=invoice.due_minor if invoice else 0,
    )  # fmt: skip


def _renewal(subscription: Subscription, at: datetime | None) -> tuple[Explanation | None, str]:
    if at is None:
        return None, ""
    try:
        with undone():
            invoice_id = begin_upcoming(subscription, at=at)
            renewal = explain_invoice(invoice_id) if invoice_id else None
    except errors.Refusal as refused:
        return None, refused.code
    return renewal, ""


def _explained(invoice: InvoiceView | None) -> Explanation | None:
    return explain_invoice(invoice.id) if invoice else None
