"""Answers about payments for other apps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from prometheus_client.metrics_core import Metric

from core import clock, errors, ids, metrics
from payments import declines
from payments.models import Payment, PaymentAttempt, PaymentMethod, Refund

LATELY = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class PaymentView:
    """A payment as others may know it. Amounts are in minor units of `currency`."""

    id: UUID
    public_id: str
    customer_id: UUID
    status: str
    reference: str
    amount_minor: int
    refunded_minor: int
    currency: str
    failure_code: str
    created_at: datetime
    settled_at: datetime | None
    payment_method_id: UUID | None = None

    @property
    def is_unsettled(self) -> bool:
        return self.settled_at is None

    @property
    def is_hard(self) -> bool:
        """Whether it failed for good: asking the same method again can never succeed."""
        return declines.is_hard(self.failure_code)


@dataclass(frozen=True, kw_only=True)
class RefundView:
    """Money that went back, in minor units of `currency`."""

    public_id: str
    payment: str
    amount_minor: int
    currency: str
    finished_at: datetime


@dataclass(frozen=True, kw_only=True)
class Refundable:
    """A payment of which `left_minor` minor units can still be given back."""

    payment_id: UUID
    left_minor: int


def get_payment(payment_id: UUID) -> PaymentView:
    """This function will return a payment.

    :raises core.errors.NotFound: if the environment has no such payment.
    """
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None:
        raise errors.NotFound
    return _view(payment)


def list_payments(reference: str) -> tuple[PaymentView, ...]:
    """This function will return the payments for what `reference` names, the first first."""
    return tuple(_view(one) for one in Payment.objects.about(reference).order_by("id"))


def list_refunds(reference: str) -> tuple[RefundView, ...]:
    """This function will return what has gone back of the payments for what `reference` names, the first first."""
    rows = Refund.objects.filter(payment__reference=reference, status=Refund.Status.SUCCEEDED).order_by("id")
    return tuple(
        RefundView(
            public_id=row.public_id, payment=row.payment.public_id, amount_minor=row.amount_minor,
            currency=row.currency, finished_at=row.finished_at or row.created_at,
        )
        for row in rows.select_related("payment")
    )  # fmt: skip


def list_refundable(reference: str) -> tuple[Refundable, ...]:
    """This function will return what can still go back of the payments for what `reference` names, the last first.

    Refunds that are on their way count as gone.
    """
    gone = Sum("refunds__amount_minor", filter=~Q(refunds__status=Refund.Status.FAILED), default=0)
    rows = Payment.objects.about(reference).captured().annotate(left_minor=F("amount_minor") - gone).order_by("-id")
    found = rows.filter(left_minor__gt=0).values_list("id", "left_minor")
    return tuple(Refundable(payment_id=payment_id, left_minor=left) for payment_id, left in found)


def has_payment_method(customer_id: UUID) -> bool:
    """This function will tell whether a payment of the customer would have something to charge."""
    return PaymentMethod.objects.of(customer_id).filter(is_default=True).exists()


def find_default_method_id(customer_id: UUID) -> UUID | None:
    """This function will return the id of the method that a payment of the customer would charge, if he has one."""
    return PaymentMethod.objects.of(customer_id).filter(is_default=True).values_list("id", flat=True).first()


def owns_payment_method(customer_id: UUID, payment_method_id: UUID) -> bool:
    """This function will tell whether a method is the customer's, detached or not."""
    return PaymentMethod.objects.of(customer_id).filter(pk=payment_method_id).exists()


def list_fingerprints(customer_id: UUID) -> tuple[str, ...]:
    """This function will return the fingerprints of the cards that a customer has, or has had."""
    found = PaymentMethod.objects.of(customer_id).exclude(fingerprint="").order_by("id")
    return tuple(found.values_list("fingerprint", flat=True))


def _view(payment: Payment) -> PaymentView:
    return PaymentView(
        id=payment.id,
        public_id=payment.public_id,
        customer_id=payment.customer_id,
        status=payment.status,
        reference=payment.reference,
        amount_minor=payment.amount_minor,
        refunded_minor=payment.refunded_minor,
        currency=payment.currency,
        failure_code=payment.failure_code,
        created_at=payment.created_at,
        settled_at=payment.settled_at,
        payment_method_id=payment.payment_method_id,
    )


@metrics.source("payments")
def _families() -> Iterator[Metric]:
    since = ids.first_of(clock.wall() - LATELY)
    yield from _of_late("charges", PaymentAttempt.objects.filter(pk__gte=since), "payment__")
    yield from _of_late("refunds", Refund.objects.filter(pk__gte=since), "")


def _of_late(what: str, rows: "QuerySet[Any]", path: str) -> tuple[Metric, Metric]:
    """How many were asked of gateways in the last hour, and how much money that was."""
    labels = ["outcome", "currency"]
    number = metrics.GaugeMetricFamily(
        f"perennial_{what}_last_hour", f"{what.capitalize()} of the last hour by outcome.", labels=labels
    )
    money = metrics.GaugeMetricFamily(
        f"perennial_{what}_last_hour_minor", "Their money, in minor units.", labels=labels
    )
    sums = {"number": Count("id"), "minor": Sum(f"{path}amount_minor")}
    for row in rows.values("status", f"{path}currency").annotate(**sums).order_by("status", f"{path}currency"):
        number.add_metric([row["status"], row[f"{path}currency"]], row["number"])
        money.add_metric([row["status"], row[f"{path}currency"]], row["minor"])
    return number, money
