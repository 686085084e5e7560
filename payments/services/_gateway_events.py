"""Taking in what gateways tell us unasked."""

import hashlib
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from core import errors, events, ids, tenancy
from core.actor import Actor
from core.models import Environment, scope_of
from core.tenancy.system import system_scope
from jobs import services as jobs
from payments.models import GatewayEvent, Payment, PaymentAttempt
from payments.notices import Notice
from payments.signals import GatewayEventReplayed

log = structlog.get_logger(__name__)

DEFAULT_TENANT = "default"


class EventNotFinished(errors.Conflict):
    code = "gateway_event_not_finished"
    title = "The event is being processed."


@transaction.atomic
def receive_gateway_event(*, gateway: str, notice: Notice, body: bytes, now: datetime) -> str:
    """This function will store a verified event as it came and have a worker process it.

    The environment is that of the attempt or payment it names, else the sandbox of the default tenant. It answers
    `received`; `duplicate` for an event id it has, whatever the body; `ignored` for a status it does not know.

    :raises core.errors.Unavailable: if no environment could keep it.
    """
    with tenancy.scope(scope_of(_environment_of(notice))) as scope:
        at = scope.clock_at or now  # only here is it known whose clock counts
        digest = hashlib.sha256(body).hexdigest()
        event = GatewayEvent(gateway=gateway, event_id=notice.event_id, body=body, body_sha256=digest, received_at=at)
        GatewayEvent.objects.bulk_create([event], ignore_conflicts=True)
        stored = GatewayEvent.objects.get(gateway=gateway, event_id=notice.event_id)
        if stored.id != event.id:
            return _duplicate(stored, digest)
        if not notice.is_known:
            return _ignore(stored, now=at)
        _enqueue(stored)
        return "received"


@transaction.atomic
def replay_gateway_event(*, event_id: UUID, actor: Actor, now: datetime) -> GatewayEvent:
    """This function will have a stored event processed once more; what it says is applied once in effect.

    :raises core.errors.NotFound: if the environment has no such event.
    :raises EventNotFinished: if it still waits to be processed.
    """
    event = GatewayEvent.objects.select_for_update().filter(pk=event_id).first()
    if event is None:
        raise errors.NotFound
    if event.status == GatewayEvent.Status.RECEIVED:
        raise EventNotFinished
    event.status, event.runs, event.processed_at = GatewayEvent.Status.RECEIVED, event.runs + 1, None
    event.save(update_fields=["status", "runs", "processed_at"])
    _enqueue(event)
    events.publish(GatewayEventReplayed(subject=event.public_id, actor=actor.label, at=now))
    return event


def _environment_of(notice: Notice) -> UUID:
    with system_scope("a payment webhook names its payment, not its environment"):
        named = _named(PaymentAttempt, notice.attempt) or _named(Payment, notice.payment)
    if named is not None:
        return named
    default = Environment.objects.filter(tenant__slug=DEFAULT_TENANT, kind=Environment.Kind.SANDBOX).first()
    if default is None:
        raise errors.Unavailable
    return default.id


def _named(kind: type[PaymentAttempt] | type[Payment], public_id: str) -> UUID | None:
    try:
        row_id = ids.decode(kind.prefix, public_id)
    except errors.NotFound:
        return None
    return kind.objects.filter(pk=row_id).values_list("environment_id", flat=True).first()


def _duplicate(stored: GatewayEvent, digest: str) -> str:
    if stored.body_sha256 != digest:
        log.error("payments.event_changed", notice=stored.public_id, gateway=stored.gateway)
    return "duplicate"


def _ignore(event: GatewayEvent, *, now: datetime) -> str:
    event.status, event.note, event.processed_at = GatewayEvent.Status.IGNORED, "unknown status", now
    event.save(update_fields=["status", "note", "processed_at"])
    return "ignored"


def _enqueue(event: GatewayEvent) -> None:
    key = f"{event.id}:{event.runs}"
    jobs.enqueue("payments.process_gateway_event", payload={"event_id": str(event.id)}, key=key)
