"""What the house may know of the outbox: its health, and the environment's feed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Min
from prometheus_client.metrics_core import Metric

from core import clock, health, metrics
from core.events import StoredFact
from core.tenancy.system import system_scope
from outbox.models import Heartbeat, OutboxEvent, event_uuid

# A relay looks several times a second; one that has been silent for this long is not there.
SILENCE = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True)
class OutboxHealth:
    """`oldest_age_s` is how many seconds the oldest pending fact has waited, 0 when none does."""

    pending_events: int
    oldest_age_s: float
    dispatcher_running: bool
    heartbeat_age_s: float | None


def get_health() -> OutboxHealth:
    """This function will return how the relay is doing, over all environments."""
    with system_scope("outbox: health"), transaction.atomic():
        pending = OutboxEvent.objects.pending().aggregate(number=Count("id"), oldest=Min("created_at"))
        beat = Heartbeat.objects.filter(name="relay").first()
    silence = clock.wall() - beat.at if beat else None
    return OutboxHealth(
        pending_events=pending["number"],
        oldest_age_s=(clock.wall() - pending["oldest"]).total_seconds() if pending["oldest"] else 0.0,
        dispatcher_running=silence is not None and silence < SILENCE,
        heartbeat_age_s=silence.total_seconds() if silence is not None else None,
    )


def list_facts(*, after: int, limit: int) -> Iterator[StoredFact]:
    """This function will iterate over the environment's facts behind a place in its dense order."""
    return (row.as_stored() for row in OutboxEvent.objects.all().after(after)[:limit])


def find_fact(public_id: str) -> StoredFact | None:
    """This function will return the relayed fact of an id (`evt_…`), or None if the environment has none.

    :raises core.errors.NotFound: for a text that is no such id.
    """
    row = OutboxEvent.objects.filter(event_id=event_uuid(public_id)).exclude(sequence=None).first()
    return row.as_stored() if row else None


def list_facts_between(since: datetime, until: datetime, *, limit: int) -> Iterator[StoredFact]:
    """This function will iterate over up to `limit` relayed facts recorded from `since` and before `until`, in order.

    Both are real time, whatever the environment's clock says.
    """
    rows = OutboxEvent.objects.filter(created_at__gte=since, created_at__lt=until).exclude(sequence=None)
    return (row.as_stored() for row in rows.order_by("sequence")[:limit])


@health.component("outbox")
def _component() -> dict[str, Any]:
    found = get_health()
    return {"pending_events": found.pending_events, "dispatcher_running": found.dispatcher_running}


@metrics.source("outbox")
def _families() -> Iterator[Metric]:
    found = get_health()
    yield metrics.GaugeMetricFamily("perennial_outbox_pending", "Facts not relayed yet.", value=found.pending_events)
    yield metrics.GaugeMetricFamily("perennial_outbox_lag_seconds", "Age of the oldest.", value=found.oldest_age_s)
    yield metrics.GaugeMetricFamily("perennial_relay_up", "Whether a relay runs.", value=found.dispatcher_running)
