"""Reading what a gateway told us, after it was stored."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from core import errors, failpoints, ids
from jobs import services as jobs
from payments import notices
from payments.gateways.base import Outcome
from payments.internal._results import apply_gateway_result
from payments.models import GatewayEvent, Payment, PaymentAttempt

log = structlog.get_logger(__name__)

# An event may overtake what it speaks of; after the last of these it is an orphan.
LOOK_AFTER = tuple(timedelta(seconds=seconds) for seconds in (15, 60, 300, 1800, 7200, 21600, 86400))


def process_gateway_event(*, event_id: UUID, now: datetime) -> None:
    """This function will apply a stored event to the attempt it speaks of, once in effect.

    Where there is no such attempt it looks again for a day, and then leaves the event as an orphan.
    """
    notice, attempt = _read(event_id)
    if __debug__:
        failpoints.reach("payments.event_read")
    if notice is None:
        return
    if attempt is None:
        _wait_or_give_up(event_id, notice, now=now)
        return
    is_news = apply_gateway_result(attempt_id=attempt, outcome=_outcome(notice), source="webhook", now=now)
    if __debug__:
        failpoints.reach("payments.event_applied")
    _end(event_id, "processed", "applied" if is_news else "known already", attempt=attempt, now=now)


@transaction.atomic(durable=True)
def _read(event_id: UUID) -> tuple[notices.Notice | None, UUID | None]:
    event = GatewayEvent.objects.get(pk=event_id)
    if event.status != GatewayEvent.Status.RECEIVED:
        return None, None
    notice = notices.read(bytes(event.body))
    return notice, _attempt_of(notice)


def _attempt_of(notice: notices.Notice) -> UUID | None:
    try:
        if notice.attempt:
            chosen = PaymentAttempt.objects.filter(pk=ids.decode(PaymentAttempt.prefix, notice.attempt))
        else:
            chosen = PaymentAttempt.objects.filter(payment_id=ids.decode(Payment.prefix, notice.payment))
    except errors.NotFound:
        return None
    return chosen.order_by("-id").values_list("id", flat=True).first()


def _outcome(notice: notices.Notice) -> Outcome:
    return Outcome(result=notice.result, code=notice.code, amount_minor=notice.amount_minor, currency=notice.currency)


def _wait_or_give_up(event_id: UUID, notice: notices.Notice, *, now: datetime) -> None:
    if not notice.names_something:
        _end(event_id, "ignored", "names no payment", attempt=None, now=now)
    elif not _look_later(event_id, now=now):
        log.error("payments.orphan_event", notice=str(event_id))
        _end(event_id, "orphan", "names a payment that is not ours", attempt=None, now=now)


@transaction.atomic(durable=True)
def _look_later(event_id: UUID, *, now: datetime) -> bool:
    event = GatewayEvent.objects.select_for_update().get(pk=event_id)
    later = [event.received_at + wait for wait in LOOK_AFTER if event.received_at + wait > now]
    if not later:
        return False
    event.runs += 1
    event.save(update_fields=["runs"])
    jobs.enqueue(
        "payments.process_gateway_event",
        payload={"event_id": str(event_id)},
        key=f"{event_id}:{event.runs}",
        run_at=later[0],
    )
    return True


@transaction.atomic(durable=True)
def _end(event_id: UUID, status: str, note: str, *, attempt: UUID | None, now: datetime) -> None:
    event = GatewayEvent.objects.select_for_update().get(pk=event_id)
    if event.status == GatewayEvent.Status.RECEIVED:
        event.status, event.note, event.attempt_id, event.processed_at = status, note, attempt, now
        event.save(update_fields=["status", "note", "attempt", "processed_at"])
