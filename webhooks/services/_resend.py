"""Sending again: one fact, a stretch of time, or what a delivery on the console held."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from core import errors, events
from core.actor import Actor
from core.events import StoredFact
from outbox.selectors import find_fact, list_facts_between
from webhooks import messages, queueing
from webhooks.models import Delivery, Endpoint, EndpointDisabled
from webhooks.signals import WebhookResent

# More than this is asked for in several stretches.
MOST_RESENT = 1_000
MOST_LOOKED_AT = 20_000


class EventNotFound(errors.NotFound):
    code = "event_not_found"
    title = "There is no such event."


class TooManyEvents(errors.Invalid):
    code = "too_many_events"
    title = "The range holds more events than are resent at once."


@transaction.atomic
def resend_event(*, endpoint_id: UUID, event_id: str, reason: str = "", actor: Actor, now: datetime) -> int:
    """This function will send a fact (`evt_…`) to an endpoint once more, delivered or not: `WebhookResent`.

    What was sent before goes out byte for byte again; a fact that never was is sent even if the filters leave it out.

    :raises core.errors.NotFound: if the environment has no such endpoint, or no such event.
    :raises webhooks.models.EndpointDisabled: if nothing is sent to it.
    """
    endpoint = _receiver(endpoint_id)
    kind, body = _message(endpoint, event_id)
    again = queueing.delivery_to(
        endpoint, event_id=event_id, event_type=kind, body=body, resend=_next_number(endpoint, event_id)
    )
    queueing.queue([again])
    return _told(endpoint, event=event_id, count=1, reason=reason, actor=actor, now=now)


@transaction.atomic
def resend_range(
    *, endpoint_id: UUID, since: datetime, until: datetime, reason: str = "", actor: Actor, now: datetime
) -> int:
    """This function will send to an endpoint all it listens to of what was recorded from `since` and before `until`.

    Both are real time, as are the times of attempts. It answers how many facts there are and publishes one
    `WebhookResent`.

    :raises TooManyEvents: for more than a thousand.
    :raises core.errors.NotFound: if the environment has no such endpoint.
    :raises webhooks.models.EndpointDisabled: if nothing is sent to it.
    """
    endpoint = _receiver(endpoint_id)
    facts = _chosen(endpoint, list_facts_between(since, until, limit=MOST_LOOKED_AT + 1))
    queueing.queue(_again(endpoint, facts))
    return _told(endpoint, event="", count=len(facts), reason=reason, actor=actor, now=now)


@transaction.atomic
def resend_delivery(*, delivery_id: UUID, reason: str, actor: Actor, now: datetime) -> int:
    """This function will send what a delivery holds to its endpoint once more.

    :raises core.errors.NotFound: if the environment has no such delivery.
    :raises webhooks.models.EndpointDisabled: if nothing is sent to its endpoint.
    """
    row = Delivery.objects.filter(pk=delivery_id).first()
    if row is None:
        raise errors.NotFound
    return resend_event(endpoint_id=row.endpoint_id, event_id=row.event_id, reason=reason, actor=actor, now=now)


def _receiver(endpoint_id: UUID) -> Endpoint:
    # The lock gives resends of one endpoint their numbers one after the other.
    endpoint = Endpoint.objects.all().kept().select_for_update(no_key=True).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise errors.NotFound
    if not endpoint.is_enabled:
        raise EndpointDisabled(reason=endpoint.reason)
    return endpoint


def _chosen(endpoint: Endpoint, facts: Iterable[StoredFact]) -> list[StoredFact]:
    chosen: list[StoredFact] = []
    for place, fact in enumerate(facts):
        if endpoint.is_sent(kind=fact.type, subject=fact.subject):
            chosen.append(fact)
        if len(chosen) > MOST_RESENT or place >= MOST_LOOKED_AT:
            raise TooManyEvents(most=MOST_RESENT)
    return chosen


def _message(endpoint: Endpoint, event_id: str) -> tuple[str, str]:
    """The type and the body: as sent before, or else made of the stored fact."""
    sent = Delivery.objects.filter(endpoint=endpoint, event_id=event_id).order_by("resend").first()
    if sent is not None:
        return sent.event_type, sent.body
    fact = find_fact(event_id)
    if fact is None:
        raise EventNotFound
    return fact.type, messages.body_of(fact)


def _next_number(endpoint: Endpoint, event_id: str) -> int:
    last = Delivery.objects.filter(endpoint=endpoint, event_id=event_id).aggregate(last=Max("resend"))["last"]
    return 0 if last is None else int(last) + 1


def _again(endpoint: Endpoint, facts: list[StoredFact]) -> list[Delivery]:
    sent = Delivery.objects.filter(endpoint=endpoint, event_id__in=[fact.id for fact in facts]).order_by("-resend")
    bodies = {row.event_id: row.body for row in sent}
    numbers = dict(sent.order_by("event_id").values_list("event_id").annotate(last=Max("resend")))
    return [
        queueing.delivery_to(
            endpoint, event_id=fact.id, event_type=fact.type, body=bodies.get(fact.id) or messages.body_of(fact),
            resend=numbers[fact.id] + 1 if fact.id in numbers else 0,
        )
        for fact in facts
    ]  # fmt: skip


def _told(endpoint: Endpoint, *, event: str, count: int, reason: str, actor: Actor, now: datetime) -> int:
    subject = endpoint.public_id
    events.publish(WebhookResent(subject=subject, actor=actor.label, at=now, event=event, count=count, reason=reason))
    return count
