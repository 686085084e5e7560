from collections.abc import Callable
from typing import Any

import pytest

from outbox.models import OutboxEvent
from outbox.services import send_test_fact
from webhooks import services
from webhooks.models import Endpoint


@pytest.fixture
def loopback(settings: Any) -> None:
    """The operator's exception of the local mode: receivers on this machine."""
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def register(loopback: None, actor, now) -> Callable[..., Endpoint]:
    """Register an endpoint by the service and return it; its secret is in `.shown`."""

    def create(url: str = "http://127.0.0.1:65535/hooks", **options: Any) -> Endpoint:
        issued = services.create_endpoint(aim=services.aim(url, is_live=False), actor=actor, now=now, **options)
        vars(issued.endpoint)["shown"] = issued.secret
        return issued.endpoint

    return create


@pytest.fixture
def happen(actor, now) -> Callable[..., str]:
    """Publish a fact that nobody but the webhooks reacts to, and return its public id."""

    def publish(note: str = "hello") -> str:
        send_test_fact(note=note, actor=actor, now=now)
        return OutboxEvent.objects.order_by("id").last().public_id

    return publish
