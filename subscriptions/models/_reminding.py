"""When a customer is told of what comes, as rules of a subscription's own row."""

from datetime import datetime, timedelta
from typing import Any

from subscriptions import reminders


class Reminding:
    """What a subscription's row knows about its reminders."""

    # A column of the subscription.
    remind_at: Any

    @property
    def reminded_of(self: Any) -> datetime | None:
        """What there is to be reminded of: the end of the trial, or the next renewal. None if neither will come."""
        if self.is_before_paid:
            is_ending = self.cancel_at is not None and self.cancel_at <= self.trial_ends_at
            return None if is_ending else self.trial_ends_at
        found: datetime | None = self.renews_at
        return found

    @property
    def is_before_paid(self: Any) -> bool:
        """Whether its trial has begun and no paid period has."""
        return self.trial_ends_at is not None and self.period_index is None

    @property
    def reminder_days(self: Any) -> tuple[int, ...]:
        """How many days before it the customer is told, the most first."""
        if self.is_before_paid:
            return reminders.before_trial_end(self.period)
        return reminders.before_renewal(self.period)

    def set_reminder(self: Any) -> None:
        """This function will set when the first reminder of what comes next is due."""
        due = self.reminded_of
        days = self.reminder_days if due is not None else ()
        self.remind_at = due - timedelta(days=days[0]) if days else None

    def remind_next(self: Any, *, now: datetime) -> int | None:
        """This function will return the reminder that is due, as days before, and set when the next one is.

        Of several that were missed only the last is due; None if none is, or it is too late.
        """
        due = self.reminded_of
        self.remind_at = None
        if due is None:
            return None
        ahead = [day for day in self.reminder_days if due - timedelta(days=day) > now]
        passed = [day for day in self.reminder_days if day not in ahead]
        if ahead:
            self.remind_at = due - timedelta(days=ahead[0])
        return passed[-1] if passed and due > now else None
