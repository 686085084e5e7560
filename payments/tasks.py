"""What workers do for payments. Each is safe to run twice."""

from uuid import UUID

from core import clock
from jobs.services import duty, job
from payments import internal
from payments.models import PaymentAttempt, Refund


@job("payments.collect", queue="q:sub:payment_initiation", policy="gateway", refers={"payment_id": "payments.payment"})
def collect_payment(*, payment_id: str, **_: object) -> None:
    """This function will collect a payment, or find out what an earlier run has left open."""
    internal.collect_payment(payment_id=UUID(payment_id), now=clock.now())


@job("payments.refund", queue="q:pay:refund_initiation", policy="gateway", refers={"refund_id": "payments.refund"})
def execute_refund(*, refund_id: str, **_: object) -> None:
    """This function will give a refund's money back, or find out what an earlier run has left open."""
    internal.execute_refund(refund_id=UUID(refund_id), now=clock.now())


@job("payments.reconcile", queue="q:sub:payment_initiation", policy="gateway")
def reconcile_attempt(*, id: str, **_: object) -> None:  # noqa: A002 - the name a duty gives
    """This function will ask the gateway what became of an attempt without an answer."""
    internal.reconcile_attempt(attempt_id=UUID(id), now=clock.now())


@job("payments.reconcile_refund", queue="q:pay:refund_initiation", policy="gateway")
def reconcile_refund(*, id: str, **_: object) -> None:  # noqa: A002 - the name a duty gives
    """This function will ask the gateway what became of a refund without an answer."""
    internal.reconcile_refund(refund_id=UUID(id), now=clock.now())


@job(
    "payments.process_gateway_event",
    queue="q:pay:subscription_update",
    policy="queue",
    refers={"event_id": "payments.gatewayevent"},
)
def process_gateway_event(*, event_id: str, **_: object) -> None:
    """This function will read a stored event of a gateway."""
    internal.process_gateway_event(event_id=UUID(event_id), now=clock.now())


# The rows say when they are due; a job that is late or lost is found by the next look.
duty("payments.reconcile", rows=PaymentAttempt.objects.waiting, at="next_reconcile_at")
duty("payments.reconcile_refund", rows=Refund.objects.waiting, at="next_reconcile_at")
