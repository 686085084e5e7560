"""What only workers bring about: deliveries for a fact, and the attempts to make them.

An attempt is three steps and not one transaction: intend (count it), send (with nothing open), record.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from core import clock, events, failpoints, ids, tenancy
from core.actor import SYSTEM
from core.events import StoredFact
from core.retry import delay
from core.urlguard import EndpointNotAllowed
from jobs.services import RetryAfter, enqueue
from webhooks import messages, queueing, secrets, transport
from webhooks.addresses import Aim, Resolve, aim, resolve
from webhooks.exceptions import note_exception
from webhooks.models import ATTEMPTS, POLICY, Delivery, DeliveryAttempt, Endpoint
from webhooks.signals import WebhookEndpointDisabled
from webhooks.transport import Answer, Limits


class DeliveryFailed(Exception):
    """The receiver did not accept it; the attempt has been recorded and the job is to try again by its policy."""


@dataclass(frozen=True, kw_only=True)
class Intent:
    """An attempt that has been counted and may now be made."""

    delivery_id: UUID
    endpoint: str
    number: int
    url: str
    body: bytes
    headers: dict[str, str]
    at: datetime


def queue_fact(fact: StoredFact) -> int:
    """This function will queue a fact for every enabled endpoint that listens to it and return how many do.

    It needs the caller's transaction, and is harmless where a resend was quicker.
    """
    # Locked, so that none is disabled between this look and the deliveries it makes.
    enabled = Endpoint.objects.all().enabled().select_for_update(no_key=True).order_by("id")
    receivers = [one for one in enabled if one.is_sent(kind=fact.type, subject=fact.subject)]
    if not receivers:
        return 0
    served = set(Delivery.objects.filter(event_id=fact.id, resend=0).values_list("endpoint_id", flat=True))
    body = messages.body_of(fact)
    return queueing.queue(
        queueing.delivery_to(one, event_id=fact.id, event_type=fact.type, body=body)
        for one in receivers if one.id not in served
    )  # fmt: skip


def deliver(*, delivery_id: UUID, resolve: Resolve = resolve, limits: Limits | None = None) -> None:
    """This function will make one attempt at a delivery and record what came of it.

    It does nothing for a delivery that is settled, and cancels one whose endpoint is disabled.

    :raises DeliveryFailed: if the receiver did not accept it.
    :raises jobs.services.RetryAfter: if it did not, and named the seconds to wait.
    """
    intent = _intend(delivery_id, at=clock.wall())
    if __debug__:
        failpoints.reach("webhooks.attempt_counted")
    if intent is None:
        return
    answer = _send(intent, resolve, limits)
    if __debug__:
        failpoints.reach("webhooks.sent")
    again = record_attempt(intent, answer, at=clock.wall())
    if __debug__:
        failpoints.reach("webhooks.recorded")
    if not again:
        return
    if answer.wait_s:
        raise RetryAfter(answer.wait_s, _said(answer))
    raise DeliveryFailed(_said(answer))


def _said(answer: Answer) -> str:
    return f"{answer.error} ({answer.status or 'no answer'})"


@transaction.atomic
def _intend(delivery_id: UUID, *, at: datetime) -> Intent | None:
    row = Delivery.objects.select_related("endpoint").select_for_update(of=("self",), no_key=True).get(pk=delivery_id)
    if row.is_waiting and not row.endpoint.is_enabled:
        row.cancel(at=at)
        row.save(update_fields=["state", "finished_at", "next_attempt_at"])
    if not row.endpoint.is_enabled or not row.begin():
        return None
    row.save(update_fields=["state", "attempts_made", "attempts_allowed", "finished_at"])
    return _intent(row, at=at)


def _intent(row: Delivery, *, at: datetime) -> Intent:
    body = row.body.encode()
    signing = [secrets.unseal(sealed) for sealed in row.endpoint.sealed_secrets(at=at)]
    headers = messages.headers_of(secrets=signing, event_id=row.event_id, body=body, timestamp=int(at.timestamp()))
    return Intent(
        delivery_id=row.id, endpoint=row.endpoint.public_id, number=row.attempts_made, url=row.endpoint.url, body=body,
        headers=headers, at=at,
    )  # fmt: skip


def _send(intent: Intent, resolve: Resolve, limits: Limits | None) -> Answer:
    try:
        found = aim(intent.url, is_live=tenancy.require().is_live, resolve=resolve)
    except EndpointNotAllowed as refused:
        # Names change, and may lead somewhere better at the next attempt.
        return Answer(status=None, duration_ms=0, error=refused.code)
    _note(found, intent)
    return transport.send(found.target, body=intent.body, headers=intent.headers, limits=limits)


@transaction.atomic
def _note(found: Aim, intent: Intent) -> None:
    note_exception(found, target=intent.endpoint, actor=SYSTEM)


@transaction.atomic
def record_attempt(intent: Intent, answer: Answer, *, at: datetime) -> bool:
    """This function will keep an attempt, settle its delivery and tell whether the job is to fail for it.

    A failure counts against the endpoint, which is disabled when it is gone (410), or has done nothing but fail for
    five days.
    """
    row = _locked(intent.delivery_id)
    if __debug__:
        failpoints.reach("webhooks.recording")
    DeliveryAttempt.objects.create(
        delivery=row, number=intent.number, at=intent.at, status=answer.status, duration_ms=answer.duration_ms,
        response=answer.response, error=answer.error,
    )  # fmt: skip
    if answer.is_accepted:
        _accept(row, at=at)
        return False
    _refuse(row, answer, at=at)
    return row.state in (Delivery.State.FAILED, Delivery.State.DEAD)


def _locked(delivery_id: UUID) -> Delivery:
    """The endpoint first, then the delivery: the order of whoever disables an endpoint."""
    endpoint_id = Delivery.objects.only("endpoint_id").get(pk=delivery_id).endpoint_id
    endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint_id)
    row = Delivery.objects.select_for_update(no_key=True).get(pk=delivery_id)
    row.endpoint = endpoint
    return row


def _accept(row: Delivery, *, at: datetime) -> None:
    if row.state != Delivery.State.SUCCEEDED:
        row.succeed(at=at)
        row.save(update_fields=["state", "finished_at", "next_attempt_at"])
    if row.endpoint.failures:
        row.endpoint.failures, row.endpoint.failing_since = 0, None
        row.endpoint.save(update_fields=["failures", "failing_since"])


def _refuse(row: Delivery, answer: Answer, *, at: datetime) -> None:
    row.fail(at=at, next_attempt_at=_next_attempt(row, answer, at=at))
    row.save(update_fields=["state", "finished_at", "next_attempt_at"])
    is_hopeless = row.endpoint.count_failure(at=at)
    row.endpoint.save(update_fields=["failures", "failing_since"])
    if row.endpoint.is_enabled and (answer.is_gone or is_hopeless):
        _give_up(row.endpoint, reason="gone" if answer.is_gone else "failing", at=at)
        row.refresh_from_db(fields=["state"])


def _next_attempt(row: Delivery, answer: Answer, *, at: datetime) -> datetime | None:
    """About when the job will try again: the plain wait of its policy, or what the receiver asked for."""
    left = row.attempts_allowed - row.attempts_made
    made = (row.attempts_made - 1) % ATTEMPTS + 1
    wait = delay(POLICY, made, retry_after=timedelta(seconds=answer.wait_s or 0)) if left else None
    return at + wait if wait is not None else None


def _give_up(endpoint: Endpoint, *, reason: str, at: datetime) -> None:
    """Switch an endpoint off for the house, and have its owner told."""
    endpoint.disable(reason=reason, at=at)
    endpoint.save(update_fields=["state", "reason", "disabled_at"])
    queueing.cancel_waiting(endpoint)
    told = WebhookEndpointDisabled(subject=endpoint.public_id, actor=SYSTEM.label, at=clock.now(), reason=reason)
    events.publish(told)
    if endpoint.contact_email:
        enqueue("webhooks.tell_owner", payload={"endpoint": str(endpoint.id)}, key=str(ids.new()))
