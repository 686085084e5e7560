"""Approvals: what somebody asked for that only somebody else may let happen."""

from datetime import datetime
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow

PENDING, APPROVED, REJECTED, EXPIRED, WITHDRAWN = "pending", "approved", "rejected", "expired", "withdrawn"
STATES = (PENDING, APPROVED, REJECTED, EXPIRED, WITHDRAWN)
# What was asked for never changes: it is approved as it was read.
FIXED = (
    "environment", "verb", "arguments", "target", "amount_minor", "currency", "reason", "asked_by", "asked_person",
    "asked_at", "expires_at",
)  # fmt: skip


class ApprovalDecided(errors.Conflict):
    code = "approval_decided"
    title = "The approval has been decided, or its time is over."


class ApprovalQuerySet(ScopedQuerySet["Approval"]):
    def waiting(self) -> "ApprovalQuerySet":
        """Those that nobody has decided."""
        return self.filter(state=PENDING)


ApprovalManager = ScopedManager.from_queryset(ApprovalQuerySet)


class Approval(ScopedRow):
    """One request to do what is above the limit of one person. `arguments` are those of the verb, as JSON primitives.

    `asked_person` and `decided_person` are people's public ids, the same at the console and over the API: whoever asked
    cannot decide in another coat.
    """

    prefix: ClassVar[str] = "apr"

    verb = models.CharField(max_length=60)
    arguments = models.JSONField()
    target = models.CharField(max_length=60)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=9, choices=[(one, one) for one in STATES], default=PENDING)
    asked_by = models.CharField(max_length=80)
    asked_person = models.CharField(max_length=40)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True, default="")
    decided_person = models.CharField(max_length=40, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=500, blank=True, default="")
    result = models.CharField(max_length=60, blank=True, default="")

    objects: ClassVar[ApprovalManager["Approval"]] = ApprovalManager()

    class Meta:
        permissions: ClassVar = [
            ("approve_approval", "Can approve what somebody else asked for"),
            ("reject_approval", "Can reject what somebody else asked for"),
            ("withdraw_approval", "Can withdraw what he asked for"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="accounts_approval_known_state"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="accounts_approval_of_an_amount"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("asked_at")), name="accounts_approval_has_time"),
            models.CheckConstraint(
                condition=Q(state=PENDING, decided_at=None) | (~Q(state=PENDING) & Q(decided_at__isnull=False)),
                name="accounts_approval_decided_at",
            ),
            # Four eyes: nobody approves or rejects what he asked for himself.
            models.CheckConstraint(
                condition=~Q(state__in=(APPROVED, REJECTED))
                | (~Q(decided_person="") & ~Q(decided_person=F("asked_person"))),
                name="accounts_approval_four_eyes",
            ),
            models.CheckConstraint(
                condition=(Q(state=APPROVED) & ~Q(result="")) | (~Q(state=APPROVED) & Q(result="")),
                name="accounts_approval_has_a_result",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "state", "expires_at"], name="accounts_approval_waiting"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="decided_once", field="state", transitions=[(PENDING, one) for one in STATES[1:]]),
            pgtrigger.ReadOnly(name="asked_for_stays", fields=list(FIXED)),
        ]

    def decide(self, state: str, *, by: str, person: str, at: datetime, why: str = "", result: str = "") -> None:
        """This function will decide about a pending approval.

        :raises ApprovalDecided: if it is decided, or its time is over and the decision is not that it is.
        """
        is_over = at >= self.expires_at
        if self.state != PENDING or is_over != (state == EXPIRED):
            raise ApprovalDecided(state=self.state)
        self.state, self.decided_by, self.decided_person, self.decided_at = state, by, person, at
        self.decision, self.result = why, result

    def facts(self) -> dict[str, Any]:
        """This function will return what each fact about the approval says of it."""
        return {
            "verb": self.verb, "target": self.target, "amount_minor": self.amount_minor, "currency": self.currency,
            "asked_by": self.asked_by,
        }  # fmt: skip
