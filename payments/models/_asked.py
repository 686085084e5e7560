"""What the rows of money in motion share: guards generated from data, and the protocol of asking a gateway."""

from datetime import datetime, timedelta
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from core.tenancy.rows import ScopedRow
from payments import states

CURRENCY = Q(currency__regex=r"^[A-Z]{3}$")


def guards(fixed: list[str], transitions: states.Transitions, starts: list[str]) -> list[pgtrigger.Trigger]:
    """This function will return the triggers of a row with states: no other start, no other change, no edit of what is
    fixed, no deletion.
    """
    return [
        pgtrigger.FSM(name="transitions", field="status", transitions=states.pairs(transitions)),
        pgtrigger.Protect(
            name="start", operation=pgtrigger.Insert, condition=~pgtrigger.Q(new__status__in=tuple(starts))
        ),
        pgtrigger.ReadOnly(name="fixed", fields=fixed),
        pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
    ]


class Asked(ScopedRow):
    """What is asked of a gateway. Its public id is the idempotency key: every try of one row is the same ask."""

    RECONCILE_AFTER: ClassVar[tuple[timedelta, ...]] = (
        timedelta(seconds=15),
        timedelta(seconds=60),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=6),
        timedelta(hours=24),
    )
    # Gateways forget keys after a day; from here on the same key could charge a second time.
    ASK_AGAIN_WITHIN: ClassVar[timedelta] = timedelta(hours=20)

    gateway_reference = models.CharField(max_length=100, blank=True)
    code = models.CharField(max_length=60, blank=True)
    requested_at = models.DateTimeField(null=True, blank=True)
    next_reconcile_at = models.DateTimeField(null=True, blank=True)
    reconciles = models.PositiveSmallIntegerField(default=0)
    needs_review = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def gateway_key(self) -> str:
        return self.public_id

    @property
    def is_exhausted(self) -> bool:
        return self.reconciles >= len(self.RECONCILE_AFTER)

    def may_ask_again(self, *, at: datetime) -> bool:
        return self.requested_at is None or at - self.requested_at < self.ASK_AGAIN_WITHIN

    def schedule_reconcile(self, *, at: datetime) -> None:
        """This function will set when to look next; nothing is set when the schedule is used up."""
        left = self.RECONCILE_AFTER[self.reconciles :]
        began = self.requested_at or at
        self.next_reconcile_at = max(began + left[0], at) if left else None

    def take_reconcile(self, *, at: datetime) -> bool:
        """This function will take the look that is due and set the next one; false when none is due yet."""
        if self.next_reconcile_at is None or self.next_reconcile_at > at:
            return False
        self.reconciles += 1
        self.schedule_reconcile(at=at)
        return True

    def finish(self, *, at: datetime) -> None:
        """This function will end the looking: the answer is final."""
        self.finished_at, self.next_reconcile_at, self.needs_review = at, None, False
