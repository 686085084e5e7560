"""Asking for a payment, and taking back what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import errors, events, failpoints
from core.actor import Actor
from core.ids import encode
from core.tenancy.writes import insert_once, later
from core.verbs import verb
from jobs import services as jobs
from payments.models import Payment, PaymentMethod, PaymentMethodDetached
from payments.signals import PaymentCanceled, PaymentRequested


class PaymentUnderway(errors.Conflict):
    code = "payment_underway"
    title = "A payment for this is under way already."


@dataclass(frozen=True, kw_only=True)
class NewPayment:
    """A payment to be asked for, by the customer's default method; see `request_payment`."""

    customer_id: UUID
    amount_minor: int
    currency: str
    reference: str
    key: str
    description: str


def request_many(new: Sequence[NewPayment], *, actor: Actor, now: datetime) -> None:
    """This function will have workers collect amounts that nobody has asked for before, all in the same statement.

    :raises django.db.IntegrityError: if a key or something under way for a reference is known.
    """
    rows = [
        Payment.fresh(
            customer_id=one.customer_id, amount_minor=one.amount_minor, currency=one.currency,
            reference=one.reference, key=one.key, description=one.description, created_at=now,
        )
        for one in new
    ]  # fmt: skip
    later(rows)
    jobs.enqueue_new([_collection(row) for row in rows])
    for row in rows:
        _say_requested(row, actor=actor, now=now)
    _cross()


@verb
def request_payment(
    *,
    customer_id: UUID,
    amount_minor: int,
    currency: str,
    reference: str,
    key: str,
    description: str,
    actor: Actor,
    now: datetime,
    payment_method_id: UUID | None = None,
) -> UUID:
    """This function will have a worker collect an amount of minor units, and return the payment's id.

    `reference` is the public id of what is paid for. A `key` seen before returns the payment it made, whatever
    became of it. Without `payment_method_id` the customer's default method is charged; where there is none the payment
    fails with `no_payment_method`.

    :raises PaymentUnderway: if an unsettled payment for the reference exists under another key.
    :raises core.errors.NotFound: if the customer has no such method.
    :raises PaymentMethodDetached: if the method has been detached.
    """
    if payment_method_id is not None:
        _check_method(payment_method_id, customer_id)
    # The unique index decides between two callers with one key; the loser waits here and finds the winner's row.
    new = Payment(
        customer_id=customer_id,
        amount_minor=amount_minor,
        currency=currency,
        reference=reference,
        key=key,
        description=description,
        payment_method_id=payment_method_id,
        created_at=now,
    )
    if not insert_once(new):
        return _earlier(key, reference).id
    _announce(new, actor=actor, now=now)
    _cross()
    return new.id


def _cross() -> None:
    if __debug__:
        failpoints.reach("payments.requested")


def _earlier(key: str, reference: str) -> Payment:
    payment = Payment.objects.filter(key=key).first()
    if payment is None:
        raise PaymentUnderway(reference=reference)
    return payment


def _check_method(payment_method_id: UUID, customer_id: UUID) -> None:
    method = PaymentMethod.objects.of(customer_id).filter(pk=payment_method_id).first()
    if method is None:
        raise errors.NotFound("The customer has no such payment method.")
    if method.detached_at is not None:
        raise PaymentMethodDetached


def _announce(payment: Payment, *, actor: Actor, now: datetime) -> None:
    job = _collection(payment)
    jobs.enqueue(job.kind, payload=job.payload, key=job.key)
    _say_requested(payment, actor=actor, now=now)


def _collection(payment: Payment) -> jobs.NewJob:
    return jobs.NewJob(kind="payments.collect", payload={"payment_id": str(payment.id)}, key=str(payment.id))


def _say_requested(payment: Payment, *, actor: Actor, now: datetime) -> None:
    events.publish(
        PaymentRequested(
            subject=payment.public_id,
            actor=actor.label,
            at=now,
            customer=encode("cus", payment.customer_id),
            reference=payment.reference,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
    )


@transaction.atomic
def cancel_pending(*, reference: str, actor: Actor, now: datetime) -> bool:
    """This function will cancel what has not been started for a reference.

    It answers false where a payment is at the gateway already: that one can no longer be stopped and will settle.
    """
    payment = Payment.objects.select_for_update().about(reference).unsettled().first()
    if payment is None:
        return True
    if payment.status != Payment.Status.PENDING:
        return False
    payment.cancel(at=now)
    payment.save(update_fields=["status", "settled_at"])
    events.publish(
        PaymentCanceled(
            subject=payment.public_id,
            actor=actor.label,
            at=now,
            customer=encode("cus", payment.customer_id),
            reference=payment.reference,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
    )
    return True
