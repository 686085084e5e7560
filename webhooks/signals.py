"""The facts of webhooks themselves. No fact tells of a delivery: it would be delivered, and tell of itself.

They never carry an endpoint's whole URL, which may hold a token of the receiver's.
"""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class WebhookEndpointCreated(Event):
    """An endpoint was registered. `host` is where it is."""

    type: ClassVar[str] = "webhook_endpoint.created"

    host: str
    events: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WebhookEndpointUpdated(Event):
    """What an endpoint is sent, or where, was changed; `changed` names the fields."""

    type: ClassVar[str] = "webhook_endpoint.updated"

    host: str
    events: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WebhookEndpointDisabled(Event):
    """Nothing is sent to the endpoint any more: somebody wanted it, or it failed too long, or it said it was gone."""

    type: ClassVar[str] = "webhook_endpoint.disabled"

    reason: str


@dataclass(frozen=True, kw_only=True)
class WebhookEndpointEnabled(Event):
    """Facts are sent to the endpoint again, from now on."""

    type: ClassVar[str] = "webhook_endpoint.enabled"

    reason: str


@dataclass(frozen=True, kw_only=True)
class WebhookSecretRotated(Event):
    """The endpoint has a new secret; until `previous_until` the one before signs as well."""

    type: ClassVar[str] = "webhook_endpoint.secret_rotated"

    previous_until: str


@dataclass(frozen=True, kw_only=True)
class WebhookResent(Event):
    """Facts were queued for the endpoint once more; `event` is the only one's id, empty for a range."""

    type: ClassVar[str] = "webhook.resent"

    event: str
    count: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class WebhookTested(Event):
    """Sent to its subject alone, whatever that endpoint listens to, to see whether it arrives."""

    type: ClassVar[str] = "webhook.tested"
