"""Deliveries and the jobs that make them, written together."""

from collections.abc import Iterable

from core import clock
from jobs.services import NewJob, enqueue_many
from webhooks.models import Delivery, Endpoint


def delivery_to(endpoint: Endpoint, *, event_id: str, event_type: str, body: str, resend: int = 0) -> Delivery:
    """This function will return a delivery that is not stored yet."""
    return Delivery(
        endpoint=endpoint, event_id=event_id, event_type=event_type, body=body, resend=resend, created_at=clock.wall()
    )


def queue(deliveries: Iterable[Delivery]) -> int:
    """This function will store deliveries with a job each, in the caller's transaction, and return how many."""
    stored = Delivery.objects.bulk_create(deliveries)
    enqueue_many([
        NewJob(kind="webhooks.deliver", payload={"delivery": str(row.id)}, key=str(row.id)) for row in stored
    ])  # fmt: skip
    return len(stored)


def cancel_waiting(endpoint: Endpoint) -> int:
    """This function will cancel what is still to be sent to an endpoint and return how many deliveries that were."""
    return (
        Delivery.objects.waiting()
        .filter(endpoint=endpoint)
        .update(state=Delivery.State.CANCELED, finished_at=clock.wall(), next_attempt_at=None)
    )
