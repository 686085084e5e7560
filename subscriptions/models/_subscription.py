"""Subscriptions, their history, their billed periods and their paid extensions.

A subscription keeps the rules of its own row; the state table is in `states`, the periods come from `core.periods`.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID

from django.db import models

from core.periods import Alignment, Cycle, Interval, Period
from core.tenancy.rows import ScopedManager, ScopedRow
from subscriptions import states
from subscriptions.models import _rules as rules
from subscriptions.models._ending import Ending
from subscriptions.models._pausing import Pausing
from subscriptions.models._querysets import SubscriptionQuerySet
from subscriptions.models._reminding import Reminding
from subscriptions.mrr import PLACES
from subscriptions.proration import Refund

UNPAID_FOR: Final = timedelta(hours=23)


SubscriptionManager = ScopedManager.from_queryset(SubscriptionQuerySet)


class Subscription(Ending, Pausing, Reminding, ScopedRow):
    """An agreement: who takes which version of a plan, in which state, and where its clock stands.

    `period_index` counts the periods from 0; it is NULL before the first paid period (scheduled, and during a trial,
    whose span the period columns then hold). `period_boundary` is the number of the cycle's boundary at which the
    current period ends. The period is the rest of a whole one that would have begun at `cycle_starts_at`.
    """

    class Status(models.TextChoices):
        SCHEDULED = states.SCHEDULED
        INCOMPLETE = states.INCOMPLETE
        TRIALING = states.TRIALING
        ACTIVE = states.ACTIVE
        PAST_DUE = states.PAST_DUE
        PAUSED = states.PAUSED
        CANCELED = states.CANCELED
        EXPIRED = states.EXPIRED

    prefix: ClassVar[str] = "sub"

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey("catalog.Plan", on_delete=models.PROTECT, related_name="+")
    plan_version = models.ForeignKey("catalog.PlanVersion", on_delete=models.PROTECT, related_name="+")
    family = models.CharField(max_length=64, null=True, blank=True)
    currency = models.CharField(max_length=3)
    quantity = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status.choices)
    timezone = models.CharField(max_length=64)
    interval = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Interval])
    interval_count = models.PositiveSmallIntegerField()
    # How boundaries are counted, and an anchor that was asked for before the first paid period.
    alignment = models.CharField(
        max_length=11, choices=[(one.value, one.value) for one in Alignment], default=Alignment.ANNIVERSARY.value
    )
    wanted_anchor_at = models.DateTimeField(null=True, blank=True)
    # The customer's new zone, from the next boundary on.
    next_timezone = models.CharField(max_length=64, blank=True, default="")
    # The version that the next period begins with.
    next_plan_version = models.ForeignKey(
        "catalog.PlanVersion", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    # A fixed term of so many periods, extensions included; NULL is open-ended.
    term_intervals = models.PositiveIntegerField(null=True, blank=True)
    trial_days = models.PositiveSmallIntegerField(default=0)
    starts_at = models.DateTimeField()
    anchor_at = models.DateTimeField(null=True, blank=True)
    period_index = models.PositiveIntegerField(null=True, blank=True)
    period_boundary = models.IntegerField(null=True, blank=True)
    cycle_starts_at = models.DateTimeField(null=True, blank=True)
    # Since when the present terms hold inside the current period: what was due in arrears before that is charged.
    arrears_from_at = models.DateTimeField(null=True, blank=True)
    # The same for the quantity alone, which usage does not ask for.
    quantity_from_at = models.DateTimeField(null=True, blank=True)
    period_starts_at = models.DateTimeField(null=True, blank=True)
    period_ends_at = models.DateTimeField(null=True, blank=True)
    renews_at = models.DateTimeField(null=True, blank=True)
    trial_starts_at = models.DateTimeField(null=True, blank=True)
    trial_ends_at = models.DateTimeField(null=True, blank=True)
    unpaid_deadline_at = models.DateTimeField(null=True, blank=True)
    cancel_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Since when nothing is granted, as the grace for what is owed is over.
    suspended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, default="")
    # What it is worth in a month, in minor units and exact to 18 places: see `subscriptions.mrr`.
    mrr = models.DecimalField(max_digits=38, decimal_places=PLACES, default=Decimal(0), db_default=Decimal(0))
    comment = models.CharField(max_length=500, blank=True, default="", db_default="")
    # What becomes of the unused rest when a scheduled cancellation takes effect inside a period.
    cancel_refund = models.CharField(
        max_length=15, choices=[(one.value, one.value) for one in Refund], default=Refund.NONE.value,
        db_default=Refund.NONE.value,
    )  # fmt: skip
    # Since when it rests, when it goes on by itself, and when a pause that is asked for begins.
    paused_at = models.DateTimeField(null=True, blank=True)
    resumes_at = models.DateTimeField(null=True, blank=True)
    pauses_at = models.DateTimeField(null=True, blank=True)
    # By how much pauses have lengthened the current period.
    given_back = models.DurationField(null=True, blank=True)
    # When the customer is told next of what comes.
    remind_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[SubscriptionManager["Subscription"]] = SubscriptionManager()

    # The customer's row, for as long as a verb holds his lock and passes it on.
    locked_customer: Any = None

    class Meta:
        permissions: ClassVar = [
            ("cancel_subscription", "Can cancel a subscription"),
            ("end_subscription", "Can end a subscription"),
            ("pause_subscription", "Can pause and resume a subscription"),
            ("try_subscription", "Can lengthen and end a trial"),
            ("adjust_subscription", "Can change what was agreed"),
        ]
        indexes: ClassVar = rules.INDEXES
        constraints: ClassVar = rules.CONSTRAINTS
        triggers: ClassVar = [rules.TRANSITION, rules.TRIED]

    @property
    def is_terminal(self) -> bool:
        return self.status in states.TERMINAL

    @property
    def is_in_trial(self) -> bool:
        return self.status == states.TRIALING

    @property
    def period(self) -> Period:
        """The current period, or the trial's span. This function will raise ValueError while there is none."""
        if self.period_starts_at is None or self.period_ends_at is None:
            raise ValueError(f"{self.public_id} has not begun")
        return Period(self.period_starts_at, self.period_ends_at)

    @property
    def cycle(self) -> Cycle:
        """The boundaries of this agreement. This function will raise ValueError while there is no anchor."""
        if self.anchor_at is None:
            raise ValueError(f"{self.public_id} has no anchor yet")
        return Cycle(
            anchor=self.anchor_at,
            interval=Interval(self.interval),
            interval_count=self.interval_count,
            timezone=self.timezone,
            alignment=Alignment(self.alignment),
        )

    @property
    def whole_period(self) -> Period:
        """The true period that the current one is, or is the rest of."""
        return Period(self.cycle_starts_at or self.period.starts_at, self.period.ends_at)

    def span(self, index: int, *, count: int = 1) -> Period:
        """This function will return the span of `count` periods that begins with a period after the current one."""
        return Period(self.end_of(index - 1), self.end_of(index + count - 1))

    def end_of(self, index: int) -> datetime:
        """This function will return the end of the current period or a later one.

        :raises ValueError: before the first paid period.
        """
        if self.period_index is None or self.period_boundary is None:
            raise ValueError(f"{self.public_id} has no numbered period yet")
        if index == self.period_index:
            return self.period.ends_at
        return self.cycle.boundary(self.period_boundary + index - self.period_index)

    def move_to(self, status: str) -> None:
        """This function will change the state.

        :raises InvalidTransition: if the table has no such transition.
        """
        states.check(old=self.status, new=status)
        self.status = status

    def anchor(self, *, at: datetime) -> None:
        """This function will begin period 0 at an instant, whole or up to the first boundary of the cycle asked for."""
        self.anchor_at, self.started_at = self.cycle_from(at).anchor, self.started_at or at
        self._begin_at(at, 0)

    def cycle_from(self, at: datetime) -> Cycle:
        """This function will return the cycle of a subscription whose first paid period begins at an instant."""
        how: dict[str, Any] = {
            "interval": Interval(self.interval), "interval_count": self.interval_count, "timezone": self.timezone,
        }  # fmt: skip
        if self.alignment == Alignment.CALENDAR:
            return Cycle.calendar(starts_at=at, **how)
        return Cycle(anchor=self.wanted_anchor_at or at, **how)

    def enter_next(self) -> None:
        """This function will make the period after the current one the current one.

        A changed timezone takes effect here, without hole or overlap; not when the end is decided, whose instant stays.
        """
        if self.next_timezone and self.cancel_at is None:
            self._enter_in_zone(self.next_timezone)
            return
        span = self.span((self.period_index or 0) + 1)
        self._enter((self.period_index or 0) + 1, (self.period_boundary or 0) + 1, span, whole_from=span.starts_at)

    def _enter_in_zone(self, timezone: str) -> None:
        span = self.cycle.period_after_move(self.period.ends_at, timezone)
        moved = self.cycle.moved_to(timezone)
        self.anchor_at, self.timezone, self.next_timezone = moved.anchor, timezone, ""
        self._enter((self.period_index or 0) + 1, moved.index(span.ends_at), span, whole_from=span.starts_at)

    def take_version(self, version_id: UUID, *, interval: str, interval_count: int) -> None:
        """This function will put another version in force; periods of another length are anchored where one ends."""
        self.plan_version_id, self.next_plan_version_id = version_id, None
        if (self.interval, self.interval_count) == (interval, interval_count):
            return
        self.interval, self.interval_count = interval, interval_count
        if self.period_index is not None:
            self.anchor_at, self.period_boundary = self.period.ends_at, 0

    def take_quantity(self, quantity: int, *, at: datetime) -> None:
        """This function will let another quantity count from an instant on, inside the current period or at its end."""
        self.quantity = quantity
        if self.period_index is not None:
            self.quantity_from_at = at

    def restart(self, *, at: datetime, anchor: datetime | None = None) -> None:
        """This function will break the current period off and begin the next one at an instant.

        That is its new anchor, unless another is given: then the period runs up to the first boundary from that.
        """
        self.anchor_at, self.alignment, self.wanted_anchor_at = anchor or at, Alignment.ANNIVERSARY, None
        if self.next_timezone:
            self.timezone, self.next_timezone = self.next_timezone, ""
        self._begin_at(at, (self.period_index or 0) + 1)

    def realign(self, anchor: datetime) -> None:
        """This function will let the period that has just begun run up to the first boundary from another anchor."""
        self.anchor_at, self.alignment, self.wanted_anchor_at = anchor, Alignment.ANNIVERSARY, None
        self._begin_at(self.period.starts_at, self.period_index or 0)

    def _begin_at(self, at: datetime, index: int) -> None:
        cycle = self.cycle
        boundary = cycle.index(at) + 1
        span = Period(at, cycle.boundary(boundary))
        self._enter(index, boundary, span, whole_from=cycle.boundary(boundary - 1))

    def _enter(self, index: int, boundary: int, span: Period, *, whole_from: datetime) -> None:
        self.period_index, self.period_boundary = index, boundary
        self.period_starts_at, self.period_ends_at = span.starts_at, span.ends_at
        self.cycle_starts_at, self.arrears_from_at, self.quantity_from_at = whole_from, None, None
        self.given_back = None
        if self.pauses_at is not None:
            self.pauses_at = span.ends_at
        self.set_ends()

    def set_ends(self) -> None:
        """This function will set the end of a fixed term, and whether another period follows the current one."""
        if self.term_intervals is not None:
            self.ends_at = self.end_of(self.term_intervals - 1)
        stops = (self.cancel_at, self.ends_at, self.pauses_at, self.paused_at)
        last = [at for at in stops if at is not None and at <= self.period.ends_at]
        self.renews_at = None if last else self.period.ends_at
        self.set_reminder()

    def note_timezone(self, timezone: str) -> bool:
        """This function will let a zone count from the next boundary on, or at once where nothing is counted yet.

        It tells whether that changes anything.
        """
        before = (self.timezone, self.next_timezone)
        if self.period_index is None:
            self.timezone = timezone
        else:
            self.next_timezone = "" if timezone == self.timezone else timezone
        return before != (self.timezone, self.next_timezone)

    def begin_trial(self, *, at: datetime, until: datetime) -> None:
        """This function will start the trial; its span is the current period, with no number."""
        self.trial_starts_at, self.trial_ends_at = at, until
        self.period_starts_at, self.period_ends_at = at, until
        self.started_at, self.unpaid_deadline_at = at, None
        self.set_reminder()

    def lengthen_trial(self, *, until: datetime, days: int) -> None:
        """This function will move the end of the trial; an end of everything that was to come with it comes with it."""
        if self.cancel_at == self.trial_ends_at:
            self.cancel_at = until
        self.trial_ends_at = self.period_ends_at = until
        self.trial_days += days
        self.set_reminder()

    def await_payment(self, *, at: datetime) -> None:
        """This function will set by when the first payment must have arrived."""
        self.unpaid_deadline_at = at + UNPAID_FOR
