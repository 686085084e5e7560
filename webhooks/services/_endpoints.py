"""Endpoints: registered, changed, switched off and on, their secrets rotated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core import clock, errors, events
from core.actor import Actor
from webhooks import secrets
from webhooks.addresses import Aim, host_of
from webhooks.exceptions import note_exception
from webhooks.models import Endpoint, EndpointDisabled, matches
from webhooks.queueing import cancel_waiting
from webhooks.signals import (
    WebhookEndpointCreated,
    WebhookEndpointDisabled,
    WebhookEndpointEnabled,
    WebhookEndpointUpdated,
    WebhookSecretRotated,
    WebhookTested,
)


class UnknownEventType(errors.Invalid):
    """`unknown` are the filters that match no type of fact: a typo would wait for its event for ever."""

    code = "unknown_event_type"
    title = "No event matches this filter."


@dataclass(frozen=True, kw_only=True)
class IssuedSecret:
    """An endpoint with its secret, which exists only here and in the answer to the request."""

    endpoint: Endpoint
    secret: str

    def __repr__(self) -> str:
        return f"IssuedSecret({self.endpoint.public_id})"


@transaction.atomic
def create_endpoint(
    *, aim: Aim, event_filters: Sequence[str] = ("*",), description: str = "", contact_email: str = "", actor: Actor,
    now: datetime,
) -> IssuedSecret:  # fmt: skip
    """This function will register an endpoint and publish `WebhookEndpointCreated`.

    `aim` is the checked URL (see `aim`, which asks the network and is therefore called before the transaction);
    `event_filters` are types such as `invoice.paid`, prefixes such as `invoice.*`, or `*`.

    :raises UnknownEventType: for a filter that matches no event there is.
    """
    secret, sealed = secrets.new()
    row = Endpoint.objects.create(
        url=aim.url, description=description, events=_distinct(event_filters), contact_email=contact_email,
        sealed_secret=sealed, created_at=now,
    )  # fmt: skip
    note_exception(aim, target=row.public_id, actor=actor)
    host, heard = aim.target.host, tuple(row.events)
    events.publish(WebhookEndpointCreated(subject=row.public_id, actor=actor.label, at=now, host=host, events=heard))
    return IssuedSecret(endpoint=row, secret=secret)


@transaction.atomic
def update_endpoint(
    *, endpoint_id: UUID, aim: Aim | None = None, event_filters: Sequence[str] | None = None,
    description: str | None = None, contact_email: str | None = None, is_enabled: bool | None = None, actor: Actor,
    now: datetime,
) -> Endpoint:  # fmt: skip
    """This function will change what is given and differs; None leaves a field as it is.

    Changed fields publish `WebhookEndpointUpdated`, a changed state `WebhookEndpointEnabled` or `…Disabled`.

    :raises core.errors.NotFound: if the environment has no such endpoint.
    """
    row = _locked(endpoint_id)
    wanted: dict[str, Any] = {
        "url": aim.url if aim else None, "description": description, "contact_email": contact_email,
        "events": None if event_filters is None else _distinct(event_filters),
    }  # fmt: skip
    if aim is not None:
        note_exception(aim, target=row.public_id, actor=actor)
    _change(row, wanted, actor=actor, now=now)
    if is_enabled is True and not row.is_enabled:
        return enable_endpoint(endpoint_id=endpoint_id, reason="", actor=actor, now=now)
    if is_enabled is False and row.is_enabled:
        return disable_endpoint(endpoint_id=endpoint_id, reason="disabled by its owner", actor=actor, now=now)
    return row


def _change(row: Endpoint, wanted: dict[str, Any], *, actor: Actor, now: datetime) -> None:
    changed = [name for name, value in wanted.items() if value is not None and value != getattr(row, name)]
    if not changed:
        return
    for name in changed:
        setattr(row, name, wanted[name])
    row.save(update_fields=changed)
    events.publish(
        WebhookEndpointUpdated(
            subject=row.public_id, actor=actor.label, at=now, host=host_of(row.url), events=tuple(row.events),
            changed=tuple(changed),
        )
    )  # fmt: skip


@transaction.atomic
def disable_endpoint(*, endpoint_id: UUID, reason: str, actor: Actor, now: datetime) -> Endpoint:
    """This function will stop sending to an endpoint, cancel what waits for it, and publish `WebhookEndpointDisabled`.

    :raises core.errors.NotFound: if the environment has no such endpoint.
    :raises webhooks.models.EndpointDisabled: if it is disabled already.
    """
    row = _locked(endpoint_id)
    row.disable(reason=reason, at=clock.wall())
    return _stop(row, ["state", "reason", "disabled_at"], actor=actor, now=now)


@transaction.atomic
def delete_endpoint(*, endpoint_id: UUID, actor: Actor, now: datetime) -> Endpoint:
    """This function will take an endpoint away for good, keep its history, and publish `WebhookEndpointDisabled`.

    :raises core.errors.NotFound: if the environment has no such endpoint.
    """
    row = _locked(endpoint_id)
    row.delete_softly(at=clock.wall())
    return _stop(row, ["state", "reason", "disabled_at", "deleted_at"], actor=actor, now=now)


def _stop(row: Endpoint, changed: list[str], *, actor: Actor, now: datetime) -> Endpoint:
    row.save(update_fields=changed)
    cancel_waiting(row)
    events.publish(WebhookEndpointDisabled(subject=row.public_id, actor=actor.label, at=now, reason=row.reason))
    return row


@transaction.atomic
def enable_endpoint(*, endpoint_id: UUID, reason: str = "", actor: Actor, now: datetime) -> Endpoint:
    """This function will send facts to an endpoint again, from now on, and publish `WebhookEndpointEnabled`.

    What happened meanwhile is not sent; it can be asked for with `resend_range`.

    :raises core.errors.NotFound: if the environment has no such endpoint.
    :raises webhooks.models.EndpointEnabled: if it is enabled already.
    """
    row = _locked(endpoint_id)
    row.enable()
    row.save(update_fields=["state", "reason", "disabled_at", "failures", "failing_since"])
    events.publish(WebhookEndpointEnabled(subject=row.public_id, actor=actor.label, at=now, reason=reason))
    return row


@transaction.atomic
def rotate_secret(*, endpoint_id: UUID, actor: Actor, now: datetime) -> IssuedSecret:
    """This function will give an endpoint a new secret and publish `WebhookSecretRotated`.

    For 24 hours of real time every message is signed with both.

    :raises core.errors.NotFound: if the environment has no such endpoint.
    """
    row = _locked(endpoint_id)
    secret, sealed = secrets.new()
    row.rotate(sealed=sealed, at=clock.wall())
    row.save(update_fields=["sealed_secret", "sealed_previous_secret", "previous_secret_until"])
    until = events.written(row.previous_secret_until)
    events.publish(WebhookSecretRotated(subject=row.public_id, actor=actor.label, at=now, previous_until=until))
    return IssuedSecret(endpoint=row, secret=secret)


@transaction.atomic
def send_test(*, endpoint_id: UUID, actor: Actor, now: datetime) -> Endpoint:
    """This function will publish `WebhookTested`, which this endpoint alone is sent, whatever it listens to.

    :raises core.errors.NotFound: if the environment has no such endpoint.
    :raises webhooks.models.EndpointDisabled: if nothing is sent to it.
    """
    row = _locked(endpoint_id)
    if not row.is_enabled:
        raise EndpointDisabled(reason=row.reason)
    events.publish(WebhookTested(subject=row.public_id, actor=actor.label, at=now))
    return row


def _locked(endpoint_id: UUID) -> Endpoint:
    # Not the key: deliveries that refer to it may be written meanwhile.
    row = Endpoint.objects.all().kept().select_for_update(no_key=True).filter(pk=endpoint_id).first()
    if row is None:
        raise errors.NotFound
    return row


def _distinct(filters: Sequence[str]) -> list[str]:
    known = events.types()
    unknown = [one for one in filters if not any(matches(one, kind) for kind in known)]
    if unknown:
        raise UnknownEventType(f"No event matches {', '.join(unknown)}.", unknown=unknown)
    return list(dict.fromkeys(filters))
