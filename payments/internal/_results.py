"""The only writer of what a gateway answered, whoever heard it: inline, webhook, reconcile or an operator."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from core import events, failpoints
from core.actor import SYSTEM, Actor
from core.ids import encode
from payments import declines, states
from payments.gateways.base import Outcome, Result
from payments.internal._request import cancel_pending
from payments.models import Payment, PaymentAttempt, Refund
from payments.services import refund_payment
from payments.signals import PaymentFailed, PaymentNeedsReview, PaymentSucceeded

log = structlog.get_logger(__name__)

ANSWER_FIELDS = ["status", "gateway_reference", "code", "finished_at", "next_reconcile_at", "needs_review"]


@transaction.atomic(durable=True)
def apply_gateway_result(*, attempt_id: UUID, outcome: Outcome, source: str, now: datetime) -> bool:
    """This function will write down what a gateway answered, and say whether it was news.

    What is known only grows: an answer of a lower rank than the attempt's state, or the same answer again, changes
    nothing. A success of another amount or currency than was asked for is kept from settling and flagged.
    """
    payment, attempt = _locked(attempt_id)
    if not _is_news(attempt, outcome):
        return False
    if outcome.result is Result.SUCCEEDED and not _agrees(payment, outcome):
        flag_for_review(attempt, subject=payment.public_id, code="amount_mismatch", now=now)
        attempt.save(update_fields=["code", "needs_review"])
        return True
    log.info("payments.result", attempt=attempt.public_id, result=outcome.result.value, source=source)
    attempt.learn(outcome.result.value, reference=outcome.reference, code=outcome.code, at=now)
    attempt.save(update_fields=ANSWER_FIELDS)
    _settle(payment, attempt, now=now)
    if __debug__:
        failpoints.reach("payments.applying")
    return True


def flag_for_review(row: PaymentAttempt | Refund, *, subject: str, code: str, now: datetime) -> None:
    """This function will ask for a person, once; the caller saves."""
    if not row.needs_review:
        events.publish(
            PaymentNeedsReview(subject=subject, actor=SYSTEM.label, at=now, attempt=row.public_id, code=code)
        )
    row.needs_review, row.code = True, code


def publish_failure(payment: Payment, *, actor: Actor, now: datetime) -> None:
    """This function will say that a payment has failed."""
    events.publish(
        PaymentFailed(
            subject=payment.public_id,
            actor=actor.label,
            at=now,
            customer=encode("cus", payment.customer_id),
            reference=payment.reference,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            code=payment.failure_code,
            is_hard=declines.is_hard(payment.failure_code),
        )
    )


def _locked(attempt_id: UUID) -> tuple[Payment, PaymentAttempt]:
    """This function will lock all payments of the attempt's reference, then the attempt.

    All of them, because a late success must see whether another payment has covered the same thing meanwhile.
    """
    found = PaymentAttempt.objects.only("payment__reference", "payment_id").select_related("payment").get(pk=attempt_id)
    siblings = Payment.objects.select_for_update().about(found.payment.reference).order_by("id")
    payment = next(one for one in siblings if one.id == found.payment_id)
    return payment, PaymentAttempt.objects.select_for_update().get(pk=attempt_id)


def _is_news(attempt: PaymentAttempt, outcome: Outcome) -> bool:
    """This function will compare ranks; that nothing is known is news only of an attempt that was being requested."""
    if attempt.status not in states.RANK:
        return False
    if outcome.result is Result.FAILED and attempt.status == attempt.Status.SUCCEEDED:
        log.warning("payments.failure_after_success", attempt=attempt.public_id)
    if outcome.result is Result.UNKNOWN:
        return attempt.status == attempt.Status.REQUESTING
    return states.RANK[outcome.result.value] > states.RANK[attempt.status]


def _agrees(payment: Payment, outcome: Outcome) -> bool:
    """A gateway that names no amount repeats ours; one that names another has charged something else."""
    amount_fits = outcome.amount_minor in (None, payment.amount_minor)
    return amount_fits and outcome.currency.upper() in ("", payment.currency)


def _settle(payment: Payment, attempt: PaymentAttempt, *, now: datetime) -> None:
    if attempt.status == attempt.Status.FAILED and payment.status == Payment.Status.PROCESSING:
        payment.fail(code=attempt.code or "card_declined", at=now)
        payment.save(update_fields=["status", "failure_code", "settled_at"])
        publish_failure(payment, actor=SYSTEM, now=now)
    elif attempt.status == attempt.Status.SUCCEEDED:
        _succeed(payment, attempt, now=now)


def _succeed(payment: Payment, attempt: PaymentAttempt, *, now: datetime) -> None:
    payment.succeed(gateway=attempt.gateway, at=now)
    payment.save(update_fields=["status", "failure_code", "gateway", "settled_at", "is_late"])
    events.publish(
        PaymentSucceeded(
            subject=payment.public_id,
            actor=SYSTEM.label,
            at=now,
            customer=encode("cus", payment.customer_id),
            reference=payment.reference,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            gateway=payment.gateway,
        )
    )
    if payment.is_late:
        cancel_pending(reference=payment.reference, actor=SYSTEM, now=now)
    _return_overpayment(payment, now=now)


def _return_overpayment(payment: Payment, *, now: datetime) -> None:
    """This function will give back what a payment took that had been given up and replaced by another.

    The money is real, so it is recorded first and returned as a refund of its own.
    """
    others = Payment.objects.about(payment.reference).captured().exclude(pk=payment.pk).exclude(status="refunded")
    twin = next((one for one in others if payment.is_late or one.is_late), None)
    if twin is None:
        return
    log.warning("payments.paid_twice", payment=payment.public_id, other=twin.public_id)
    amount = min(payment.amount_minor, twin.amount_minor - twin.refunded_minor)
    refund_payment(
        payment_id=payment.id,
        amount_minor=amount,
        reason="paid twice",
        actor=SYSTEM,
        now=now,
        key=f"overpayment:{payment.public_id}",
    )
