"""What a subscriber expects, in memory: a small model of one monthly subscription, its card, its plans and invoices.

It knows nothing of the house. Each thing that can fall due has an instant; `travel` lets them happen in their order.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from subscriptions.tests.expected_money import Period, Terms

RETRIES_AFTER = tuple(timedelta(days=days) for days in (2, 7, 14, 21))
UNPAID_FOR = timedelta(hours=23)
OVER = ("canceled", "expired")
LAST = datetime.max.replace(tzinfo=UTC)


def months_after(anchor: datetime, months: int) -> datetime:
    """This function will return the same day of a later month, or its last one."""
    year, month = divmod(anchor.month - 1 + months, 12)
    year, month = anchor.year + year, month + 1
    return anchor.replace(year=year, month=month, day=min(anchor.day, monthrange(year, month)[1]))


@dataclass(kw_only=True)
class Owed:
    """An invoice that could not be collected, and how often that was tried again."""

    failed_at: datetime
    number: int
    retries: int = 0

    @property
    def next_at(self) -> datetime:
        return self.failed_at + RETRIES_AFTER[self.retries]


@dataclass(kw_only=True)
class Planned:
    """Other terms at an instant, or (`at` None) with the next month; `behavior` is for the rest of a running one."""

    terms: Terms
    behavior: str = "none"
    at: datetime | None = None


@dataclass(kw_only=True)
class Expected:
    """Where a subscription must be. `invoices` are the amounts asked for, `paid` the numbers of those that were paid,
    `owed` holds those that were not; `waiting` is what the next one takes up, credits below zero.
    """

    now: datetime
    card: str
    status: str = ""
    anchor: datetime | None = None
    boundary: int = 0
    trial_ends_at: datetime | None = None
    trial: tuple[datetime, datetime] | None = None
    month: Period | None = None
    terms: Terms = field(default_factory=Terms)
    planned: list[Planned] = field(default_factory=list)
    cancel_at: datetime | None = None
    paused_at: datetime | None = None
    resumes_at: datetime | None = None
    deadline: datetime | None = None
    invoices: list[int] = field(default_factory=list)
    paid: set[int] = field(default_factory=set)
    waiting: int = 0
    owed: list[Owed] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        return (self.month.starts_at, self.month.ends_at) if self.month else self.trial

    @property
    def paid_minor(self) -> int:
        return sum(self.invoices[number] for number in self.paid)

    @property
    def is_changeable(self) -> bool:
        return self.is_running or self.status in ("trialing", "paused")

    @property
    def is_running(self) -> bool:
        return self.status in ("active", "past_due")

    def subscribe(self, *, trial: timedelta | None) -> None:
        """This function will begin a trial, or the first month."""
        if trial:
            self.status, self.trial_ends_at = "trialing", self.now + trial
            self.trial = (self.now, self.now + trial)
        else:
            self.status, self.deadline = "incomplete", self.now + UNPAID_FOR
            self._begin(self.now)

    def cancel(self) -> None:
        """This function will end it now, and ask for what waits, unless that is a credit.

        What was never paid for lapses; what is owed otherwise stays so, and is tried again.
        """
        was_billed = self.month is not None and self.status != "incomplete"
        self.owed = self.owed if was_billed else []
        self.status, self.cancel_at, self.resumes_at, self.planned = "canceled", None, None, []
        if was_billed and self.waiting > 0:
            self._invoice([])

    def cancel_later(self) -> None:
        """This function will let it end with its period."""
        assert self.period
        if self.status == "paused" and self.period[1] <= self.now:
            self.cancel()
        else:
            end = self.cancel_at = self.period[1]
            self.planned = [one for one in self.planned if one.at and one.at < end]

    def undo(self) -> None:
        self.cancel_at = None

    def pause(self, until: datetime | None) -> None:
        """This function will let it rest; the time is given back."""
        self.status, self.paused_at, self.resumes_at = "paused", self.now, until

    def resume(self) -> None:
        """This function will let it go on; its period ends later by as long as it rested, and an end with it."""
        assert self.paused_at
        assert self.month
        rested, ended_at = self.now - self.paused_at, self.month.ends_at
        self.status, self.resumes_at, self.paused_at = "active", None, None
        self.month.ends_at += rested
        self.month.rested += rested.total_seconds()
        if self.cancel_at == ended_at:
            self.cancel_at = self.month.ends_at
        self.anchor, self.boundary = self.month.ends_at, 0

    def change(self, terms: Terms, behavior: str) -> None:
        """This function will let other terms hold; the rest of a month costs what the behavior says, or nothing."""
        old, self.terms = self.terms.costs(), terms
        if self.month is None:
            return
        if behavior == "none":
            self.month.paid_as = self.month.paid_as or old
            return
        lines = self.month.changed(old, terms.costs(), self.paused_at or self.now)
        if behavior == "invoice_now" and self.status != "paused" and any(line > 0 for line in lines):
            self._invoice(lines)
        else:
            self.waiting += sum(lines)

    def plan(self, planned: Planned) -> None:
        self.planned.append(planned)

    def withdraw(self, at: datetime | None) -> None:
        self.planned = [one for one in self.planned if one.at != at]

    def take(self, card: str) -> None:
        """This function will pay with another card from now on, and what is owed at once."""
        self.card = card
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
        if self.cancel_at and not self.is_over:
            yield self.cancel_at, self.cancel
        for one in self.owed if self.is_running or self.is_over else ():
            yield one.next_at, partial(self._retry, one)
        if self.is_over:
            return
        yield from self._due_changes()
        if self.status == "incomplete" and self.deadline:
            yield self.deadline, self._expire
        if self.status == "trialing" and self.trial_ends_at and not self.cancel_at:
            yield self.trial_ends_at, self._convert
        if self.status == "paused" and self.resumes_at:
            yield self.resumes_at, self.resume
        if self.is_running and self.month and not self.cancel_at:
            yield self.month.ends_at, self._next_period

    def _due_changes(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Whatever comes at the end of a month comes with the next one."""
        for planned in self.planned:
            if planned.at and not (self.is_running and self.month and planned.at >= self.month.ends_at):
                yield planned.at, partial(self._do, planned)

    def _expire(self) -> None:
        self.status, self.owed = "expired", []

    def _convert(self) -> None:
        self.status, self.trial_ends_at = "active", None
        self._begin(self.now)

    def _begin(self, at: datetime) -> None:
        self.anchor, self.boundary = at, 0
        self._next_period()

    def _do(self, planned: Planned) -> None:
        self.planned.remove(planned)
        self.change(planned.terms, planned.behavior)

    def _next_period(self) -> None:
        assert self.anchor
        starts_at = months_after(self.anchor, self.boundary)
        # What was planned for this instant by its name comes before what was planned for the next month.
        for one in sorted(self.planned, key=lambda one: one.at or LAST):
            if one.at in (None, starts_at):
                self.planned.remove(one)
                self.terms = one.terms
        self.boundary += 1
        self.month = Period(starts_at=starts_at, ends_at=months_after(self.anchor, self.boundary))
        self._invoice([self.month.opened(self.terms.costs())])

    def _invoice(self, lines: list[int]) -> None:
        """What waits is taken up; a credit that is more than what is charged waits for the next invoice."""
        total, self.waiting = sum(lines) + self.waiting, 0
        if total <= 0:
            self.waiting = total
            return
        self.invoices.append(total)
        number = len(self.invoices) - 1
        if self.card == "success":
            self._pay(number)
        else:
            self.owed.append(Owed(failed_at=self.now, number=number))
            self.status = "past_due" if self.status == "active" else self.status

    def _pay(self, number: int) -> None:
        self.paid.add(number)
        if self.status == "incomplete":
            self.status, self.deadline = "active", None

    def _collect_owed(self) -> None:
        if self.card == "success":
            for one in self.owed:
                self._pay(one.number)
            self.owed = []
            self.status = "active" if self.status == "past_due" else self.status

    def _retry(self, one: Owed) -> None:
        """After the last retry it is given up, and is no more charged by itself; what runs ends with it."""
        if self.card == "success":
            self.owed.remove(one)
            self._pay(one.number)
            if self.is_running:
                self.status = "past_due" if self.owed else "active"
            return
        one.retries += 1
        if one.retries == len(RETRIES_AFTER):
            self.owed.remove(one)
            if self.is_running:
                self.cancel()
