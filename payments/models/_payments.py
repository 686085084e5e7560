"""Payments and the attempts to collect them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow
from payments import states
from payments.models._asked import CURRENCY, Asked, guards
from payments.models._methods import PaymentMethod


class PaymentNotRefundable(errors.Conflict):
    code = "payment_not_refundable"
    title = "Only a payment that has succeeded can be refunded."


class PaymentQuerySet(ScopedQuerySet["Payment"]):
    def unsettled(self) -> "PaymentQuerySet":
        return self.filter(status__in=states.UNSETTLED)

    def captured(self) -> "PaymentQuerySet":
        return self.filter(status__in=states.CAPTURED)

    def of(self, customer_id: UUID) -> "PaymentQuerySet":
        return self.filter(customer_id=customer_id)

    def about(self, reference: str) -> "PaymentQuerySet":
        return self.filter(reference=reference)


PaymentManager = ScopedManager.from_queryset(PaymentQuerySet)


class Payment(ScopedRow):
    """An amount a customer owes or has paid for something: `reference` is that thing's public id."""

    Status = states.PaymentStatus
    TRANSITIONS: ClassVar[states.Transitions] = states.PAYMENT_TRANSITIONS
    prefix: ClassVar[str] = "pay"

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    payment_method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT, related_name="+", null=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    amount_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    description = models.CharField(max_length=500, blank=True)
    gateway = models.CharField(max_length=20, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    is_late = models.BooleanField(default=False, help_text="Succeeded after it had been given up.")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    objects: "ClassVar[PaymentManager[Payment]]" = PaymentManager()

    class Meta:
        permissions: ClassVar = [("refund_payment", "Can refund a payment")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "key"], name="payments_payment_key_once"),
            models.UniqueConstraint(
                fields=["environment", "reference"],
                condition=Q(status__in=states.UNSETTLED),
                name="payments_payment_one_unsettled",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_payment_positive"),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("amount_minor")),
                name="payments_payment_refunded_within",
            ),
            models.CheckConstraint(
                condition=Q(status="refunded", refunded_minor=F("amount_minor"))
                | Q(status="partially_refunded", refunded_minor__gt=0, refunded_minor__lt=F("amount_minor"))
                | (~Q(status__in=("refunded", "partially_refunded")) & Q(refunded_minor=0)),
                name="payments_payment_refunded_shows",
            ),
            models.CheckConstraint(
                condition=(Q(status="failed") & ~Q(failure_code="")) | (~Q(status="failed") & Q(failure_code="")),
                name="payments_payment_failure_has_code",
            ),
            models.CheckConstraint(
                condition=Q(status__in=states.UNSETTLED, settled_at=None)
                | (~Q(status__in=states.UNSETTLED) & Q(settled_at__isnull=False)),
                name="payments_payment_settled_is_stamped",
            ),
            models.CheckConstraint(condition=CURRENCY, name="payments_payment_currency"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "customer", "id"], name="payments_payment_customer"),
            models.Index(fields=["environment", "reference"], name="payments_payment_reference"),
        ]
        triggers: ClassVar = guards(
            ["environment", "customer", "amount_minor", "currency", "reference", "key", "created_at"],
            states.PAYMENT_TRANSITIONS,
            ["pending"],
        )

    @property
    def is_captured(self) -> bool:
        return self.status in states.CAPTURED

    def process(self, *, method_id: UUID) -> None:
        self.status, self.payment_method_id = self.Status.PROCESSING, method_id

    def cancel(self, *, at: datetime) -> None:
        self.status, self.settled_at = self.Status.CANCELED, at

    def succeed(self, *, gateway: str, at: datetime) -> None:
        self.is_late = self.status == self.Status.FAILED
        self.status, self.failure_code, self.gateway, self.settled_at = self.Status.SUCCEEDED, "", gateway, at

    def fail(self, *, code: str, at: datetime) -> None:
        self.status, self.failure_code, self.settled_at = self.Status.FAILED, code, at

    def refund(self, amount_minor: int) -> None:
        """This function will count a refund that has succeeded."""
        if not self.is_captured:
            raise PaymentNotRefundable
        self.refunded_minor += amount_minor
        whole = self.refunded_minor == self.amount_minor
        self.status = self.Status.REFUNDED if whole else self.Status.PARTIALLY_REFUNDED


class AttemptQuerySet(ScopedQuerySet["PaymentAttempt"]):
    def open(self) -> "AttemptQuerySet":
        return self.filter(status__in=states.OPEN)

    def waiting(self) -> "AttemptQuerySet":
        """Attempts that will be looked at again."""
        return self.filter(next_reconcile_at__isnull=False)


AttemptManager = ScopedManager.from_queryset(AttemptQuerySet)


class PaymentAttempt(Asked):
    """One try at a gateway. Committed before the gateway hears of it."""

    Status = states.AttemptStatus
    TRANSITIONS: ClassVar[states.Transitions] = states.ATTEMPT_TRANSITIONS
    prefix: ClassVar[str] = "pat"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    payment_method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT, related_name="+")
    gateway = models.CharField(max_length=20)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.CREATED)

    objects: "ClassVar[AttemptManager[PaymentAttempt]]" = AttemptManager()

    class Meta:
        permissions: ClassVar = [("recheck_paymentattempt", "Can have an attempt looked at again")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "payment"],
                condition=Q(status__in=states.OPEN),
                name="payments_attempt_one_open",
            ),
            models.UniqueConstraint(
                fields=["environment", "gateway", "gateway_reference"],
                condition=~Q(gateway_reference=""),
                name="payments_attempt_reference_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=states.OPEN, finished_at=None)
                | (~Q(status__in=states.OPEN) & Q(finished_at__isnull=False, next_reconcile_at=None)),
                name="payments_attempt_finished_is_stamped",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("created", "canceled")) | Q(requested_at__isnull=False),
                name="payments_attempt_request_is_stamped",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_reconcile_at"], condition=Q(next_reconcile_at__isnull=False), name="payments_attempt_due"
            )
        ]
        triggers: ClassVar = guards(
            ["environment", "payment", "payment_method", "gateway", "created_at"],
            states.ATTEMPT_TRANSITIONS,
            ["created", "requesting"],
        )

    def request(self, *, at: datetime) -> None:
        """This function will say that the gateway is about to be asked, for the first time or under its key again."""
        self.status, self.requested_at = self.Status.REQUESTING, self.requested_at or at

    @property
    def is_open(self) -> bool:
        return self.status in states.OPEN

    @property
    def is_askable(self) -> bool:
        """Whether the gateway may never have heard of it."""
        return self.status in (self.Status.REQUESTING, self.Status.UNKNOWN)

    def learn(self, status: str, *, reference: str, code: str, at: datetime) -> None:
        """This function will take a gateway's answer; a final one ends the looking."""
        self.status, self.code = status, code
        self.gateway_reference = reference or self.gateway_reference
        if not self.is_open:
            self.finish(at=at)
