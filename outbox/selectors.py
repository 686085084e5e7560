"""What the house may know of the outbox: its health, and the environment's feed."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Min
from prometheus_client.metrics_core import Metric

from core import clock, events, health, metrics, tenancy
from core.events import StoredFact
from core.tenancy.system import system_scope
from jobs import services as jobs
from outbox.models import Heartbeat, OutboxEvent, Sequence, event_uuid
from outbox.watching import watch

# A relay looks several times a second; one that has been silent for this long is not there.
SILENCE = timedelta(seconds=15)
# How many stuck facts a page of the console tells apart from the others.
MOST_STUCK = 1000
# Longer than this an open transaction is a fault: dead rows pile up behind it, and facts of its own come late.
LONGEST_TRANSACTION_S = 60.0
_OLDEST_TRANSACTION = """
    SELECT COALESCE(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL)
"""


@dataclass(frozen=True, kw_only=True)
class OutboxHealth:
    """`oldest_age_s` is how many seconds the oldest pending fact has waited, 0 when none does.

    `dead` are the facts that a handler has given up, `parked` those that wait behind one of them. `transaction_age_s`
    is how long the oldest open transaction has been keeping PostgreSQL from cleaning up behind the relay.
    """

    pending_events: int
    oldest_age_s: float
    dead: int
    parked: int
    dispatcher_running: bool
    heartbeat_age_s: float | None
    transaction_age_s: float


def get_health() -> OutboxHealth:
    """This function will return how the relay is doing, over all environments."""
    with system_scope("outbox: health"), transaction.atomic():
        pending = OutboxEvent.objects.pending().aggregate(number=Count("id"), oldest=Min("created_at"))
        beat = Heartbeat.objects.filter(name="relay").first()
        stuck, transaction_age_s = jobs.count_stuck("outbox.handle"), _transaction_age_s()
    silence = clock.wall() - beat.at if beat else None
    return OutboxHealth(
        pending_events=pending["number"],
        oldest_age_s=(clock.wall() - pending["oldest"]).total_seconds() if pending["oldest"] else 0.0,
        dead=stuck.dead,
        parked=stuck.parked,
        dispatcher_running=silence is not None and silence < SILENCE,
        heartbeat_age_s=silence.total_seconds() if silence is not None else None,
        transaction_age_s=transaction_age_s,
    )


def _transaction_age_s() -> float:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_TRANSACTION)
        row: tuple[float] = cursor.fetchone()
    return row[0]


def list_facts(*, after: int, limit: int, types: Collection[str] = ()) -> Iterator[StoredFact]:
    """This function will iterate over the environment's facts behind a place in its dense order, of some types or all.

    Gap-free: numbers are given after the commit, one batch after the other, so no lower one can appear behind a reader.
    """
    return (row.as_stored() for row in OutboxEvent.objects.all().after(after).of_types(types)[:limit])


def find_latest(kind: str, *, beyond: int = 0) -> StoredFact | None:
    """This function will return the newest relayed fact of a type behind a place in the environment's order."""
    row = OutboxEvent.objects.filter(type=kind, sequence__gt=beyond).order_by("-sequence").first()
    return row.as_stored() if row else None


def list_facts_within(*, after: int, before: int | None, limit: int) -> list[StoredFact]:
    """This function will return facts between two places of the environment's order, the oldest first."""
    rows = OutboxEvent.objects.all().after(after)
    rows = rows if before is None else rows.filter(sequence__lt=before)
    return [row.as_stored() for row in rows[:limit]]


def count_facts_within(*, after: int, before: int | None) -> dict[str, int]:
    """This function will count the facts between two places of the environment's order by their type."""
    rows = OutboxEvent.objects.filter(sequence__gt=after)
    rows = rows if before is None else rows.filter(sequence__lt=before)
    counted = rows.order_by("type").values("type").annotate(times=Count("id"))
    return dict(counted.values_list("type", "times"))


def wait_for_facts(*, after: int, types: Collection[str] = (), seconds: float) -> None:
    """This function will return once the environment has such facts behind a place, or the time is up.

    It holds no transaction and no connection while it waits, and does not wait at all where the process has no place
    for one more who does. Call it outside a transaction.
    """
    until = clock.monotonic() + seconds
    with watch.place() as taken:
        while taken and (left := until - clock.monotonic()) > 0:
            there, last = _look(after, types)
            if there:
                return
            connection.close()
            watch.wait(tenancy.environment_id(), beyond=last, seconds=left)


@transaction.atomic
def _look(after: int, types: Collection[str]) -> tuple[bool, int]:
    """Whether such facts are there, and how far the order had come at the least when that was asked."""
    last = Sequence.objects.values_list("last", flat=True).first() or 0
    return OutboxEvent.objects.all().after(after).of_types(types).exists(), last


def list_deliveries(rows: Iterable[OutboxEvent]) -> dict[UUID, list[jobs.Progress]]:
    """This function will return how far each fact is with each of its handlers, by its id."""
    keys = [f"{row.event_id}:{handler.name}" for row in rows for handler in events.handlers_of(row.type)]
    found: dict[UUID, list[jobs.Progress]] = {}
    for one in jobs.list_progress("outbox.handle", keys):
        found.setdefault(UUID(one.key.partition(":")[0]), []).append(one)
    return found


def list_stuck(*, is_parked: bool) -> set[UUID]:
    """This function will return the ids of the newest facts that a handler has given up, or that wait behind one."""
    keys = jobs.list_stuck("outbox.handle", is_parked=is_parked, limit=MOST_STUCK)
    return {UUID(key.partition(":")[0]) for key in keys}


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
    status = health.DEGRADED if found.transaction_age_s > LONGEST_TRANSACTION_S else health.HEALTHY
    return {"status": status, **asdict(found)}


@metrics.source("outbox")
def _families() -> Iterator[Metric]:
    found = get_health()
    yield metrics.GaugeMetricFamily("perennial_outbox_pending", "Facts not relayed yet.", value=found.pending_events)
    yield metrics.GaugeMetricFamily("perennial_outbox_lag_seconds", "Age of the oldest.", value=found.oldest_age_s)
    yield metrics.GaugeMetricFamily("perennial_relay_up", "Whether a relay runs.", value=found.dispatcher_running)
