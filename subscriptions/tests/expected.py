"""What a subscriber expects, in memory: a small model of one monthly subscription, its card, and its invoices.

It knows nothing of the house. Each thing that can fall due has an instant; `travel` lets them happen in their order.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

RETRIES_AFTER = tuple(timedelta(days=days) for days in (2, 7, 14, 21))
UNPAID_FOR = timedelta(hours=23)
OVER = ("canceled", "expired")


def months_after(anchor: datetime, months: int) -> datetime:
    """This function will return the same day of a later month, or its last one."""
    year, month = divmod(anchor.month - 1 + months, 12)
    year, month = anchor.year + year, month + 1
    return anchor.replace(year=year, month=month, day=min(anchor.day, monthrange(year, month)[1]))


@dataclass(kw_only=True)
class Owed:
    """An invoice that could not be collected, and how often that was tried again."""

    failed_at: datetime
    retries: int = 0

    @property
    def next_at(self) -> datetime:
        return self.failed_at + RETRIES_AFTER[self.retries]


@dataclass(kw_only=True)
class Expected:
    """Where a subscription must be. `paid` counts the months that were paid for, `owed` holds those that were not."""

    now: datetime
    card: str
    status: str = ""
    anchor: datetime | None = None
    boundary: int = 0
    trial_ends_at: datetime | None = None
    period: tuple[datetime, datetime] | None = None
    cancel_at: datetime | None = None
    paused_at: datetime | None = None
    resumes_at: datetime | None = None
    deadline: datetime | None = None
    paid: int = 0
    issued: int = 0
    owed: list[Owed] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def is_running(self) -> bool:
        return self.status in ("active", "past_due")

    def subscribe(self, *, trial: timedelta | None) -> None:
        """This function will begin a trial, or the first month."""
        if trial:
            self.status, self.trial_ends_at = "trialing", self.now + trial
            self.period = (self.now, self.now + trial)
        else:
            self.status, self.deadline = "incomplete", self.now + UNPAID_FOR
            self._begin(self.now)

    def cancel(self) -> None:
        """This function will end it now; nobody asks for what was not paid any more."""
        self.status, self.cancel_at, self.resumes_at = "canceled", None, None

    def cancel_later(self) -> None:
        """This function will let it end with its period."""
        assert self.period
        if self.status == "paused" and self.period[1] <= self.now:
            self.cancel()
        else:
            self.cancel_at = self.period[1]

    def undo(self) -> None:
        self.cancel_at = None

    def pause(self, until: datetime | None) -> None:
        """This function will let it rest; the time is given back."""
        self.status, self.paused_at, self.resumes_at = "paused", self.now, until

    def resume(self) -> None:
        """This function will let it go on; its period ends later by as long as it rested."""
        assert self.paused_at
        assert self.period
        assert self.anchor
        rested = self.now - self.paused_at
        self.status, self.resumes_at = "active", None
        self.period = (self.period[0], self.period[1] + rested)
        self.anchor, self.boundary = self.period[1], 0

    def take(self, card: str) -> None:
        """This function will pay with another card from now on, and what is owed at once."""
        self.card = card
        if self.owed and not self.is_over:
            self._collect_owed()

    def travel(self, to: datetime) -> None:
        """This function will let everything happen that falls due on the way."""
        while due := min(self._due(), key=lambda one: one[0], default=None):
            at, happen = due
            if at > to:
                break
            self.now = max(at, self.now)
            happen()
        self.now = to

    def _due(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        # At one instant what ends comes before what begins.
        if self.is_over:
            return
        if self.cancel_at:
            yield self.cancel_at, self.cancel
        if self.status == "incomplete" and self.deadline:
            yield self.deadline, self._expire
        if self.status == "trialing" and self.trial_ends_at and not self.cancel_at:
            yield self.trial_ends_at, self._convert
        if self.status == "paused" and self.resumes_at:
            yield self.resumes_at, self.resume
        for one in self.owed if self.is_running else ():
            yield one.next_at, partial(self._retry, one)
        if self.is_running and self.period and not self.cancel_at:
            yield self.period[1], self._renew

    def _expire(self) -> None:
        self.status = "expired"

    def _convert(self) -> None:
        self.status, self.trial_ends_at = "active", None
        self._begin(self.now)

    def _begin(self, at: datetime) -> None:
        self.anchor, self.boundary = at, 0
        self._next_period()

    def _renew(self) -> None:
        self._next_period()

    def _next_period(self) -> None:
        assert self.anchor
        starts_at = months_after(self.anchor, self.boundary)
        self.boundary += 1
        self.period = (starts_at, months_after(self.anchor, self.boundary))
        self.issued += 1
        if self.card == "success":
            self._pay()
        else:
            self.owed.append(Owed(failed_at=self.now))
            self.status = "past_due" if self.status == "active" else self.status

    def _pay(self) -> None:
        self.paid += 1
        if self.status == "incomplete":
            self.status, self.deadline = "active", None

    def _collect_owed(self) -> None:
        if self.card == "success":
            for _ in self.owed:
                self._pay()
            self.owed = []
            self.status = "active" if self.status == "past_due" else self.status

    def _retry(self, one: Owed) -> None:
        if self.card == "success":
            self.owed.remove(one)
            self._pay()
            self.status = "past_due" if self.owed else "active"
            return
        one.retries += 1
        if one.retries == len(RETRIES_AFTER):
            self.cancel()
