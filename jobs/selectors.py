"""What the house may know of its queues."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max, Min, Q, Sum, Value
from django.db.models.functions import Coalesce
from prometheus_client.metrics_core import Metric

from core import clock, health, ids, metrics
from core.tenancy.system import system_scope
from jobs.models import Job, QueueHour
from jobs.registry import QUEUES

LATELY = timedelta(hours=1)
_COUNTERS = ("processed", "succeeded", "failed", "dead_lettered")


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """How a queue is, over all environments, and what the workers have done in it since the house was founded.

    `depth` is due, `delayed` waits for its instant or after a failure; `oldest_due_at` is since when the first waits.
    """

    depth: int = 0
    running: int = 0
    delayed: int = 0
    dead: int = 0
    oldest_due_at: datetime | None = None
    processed: int = 0
    succeeded: int = 0
    failed: int = 0
    dead_lettered: int = 0
    last_poll_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """What the workers did in all queues within one hour."""

    hour: datetime
    succeeded: int
    failed: int
    dead_lettered: int


def list_queues() -> dict[str, QueueState]:
    """This function will return the state of every queue by its name."""
    with system_scope("jobs: state of the queues"), transaction.atomic():
        rows, counters = _depths(), _counters()
    return {queue: QueueState(**{**rows.get(queue, {}), **counters.get(queue, {})}) for queue in QUEUES}


def list_throughput(*, hours: int) -> Sequence[Throughput]:
    """This function will return what was done in each of the last hours, the current one last; idle ones are zero."""
    this = clock.wall().replace(minute=0, second=0, microsecond=0)
    first = this - timedelta(hours=hours - 1)
    with system_scope("jobs: throughput"), transaction.atomic():
        rows = QueueHour.objects.filter(hour__gte=first).values("hour").order_by("hour")
        found = _keyed("hour", rows.annotate(**{name: Sum(name) for name in _COUNTERS[1:]}))
    idle = dict.fromkeys(_COUNTERS[1:], 0)
    instants = [first + timedelta(hours=number) for number in range(hours)]
    return [Throughput(hour=hour, **found.get(hour, idle)) for hour in instants]


def _depths() -> dict[str, dict[str, Any]]:
    waiting = Q(state__in=("pending", "failed"))
    later = Q(available_at__gt=clock.wall()) | Q(run_at__gt=_now())
    rows = Job.objects.filter(state__in=("pending", "failed", "running", "dead")).values("queue").annotate(
        depth=Count("id", filter=waiting & ~later), delayed=Count("id", filter=waiting & later),
        running=Count("id", filter=Q(state="running")), dead=Count("id", filter=Q(state="dead")),
        oldest_due_at=Min("available_at", filter=waiting & ~later),
    )  # fmt: skip
    return _keyed("queue", rows)


def _now() -> Any:
    return Coalesce(F("environment__clock_at"), Value(clock.wall()))


def _counters() -> dict[str, dict[str, Any]]:
    sums = {name: Sum(name) for name in _COUNTERS}
    rows = QueueHour.objects.values("queue").annotate(**sums, last_poll_at=Max("last_poll_at"))
    return _keyed("queue", rows)


def _keyed(name: str, rows: Iterable[Any]) -> dict[Any, dict[str, Any]]:
    return {row[name]: {key: value for key, value in row.items() if key != name} for row in rows}


@health.component("queues")
def _component() -> dict[str, Any]:
    return {queue: _written(state) for queue, state in list_queues().items()}


def _written(state: QueueState) -> Mapping[str, Any]:
    """Instants as texts: health is read without knowing our types."""
    return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in asdict(state).items()}


@metrics.source("jobs")
def _families() -> Iterator[Metric]:
    yield _of_late()
    yield from _of_queues(list_queues())


def _of_late() -> Metric:
    """What became of the last hour's jobs: of renewals, reminders, deliveries. Ids are in the order of time."""
    family = metrics.GaugeMetricFamily(
        "perennial_jobs_last_hour", "Jobs written in the last hour by kind and state.", labels=["kind", "state"]
    )
    rows = Job.objects.filter(pk__gte=ids.first_of(clock.wall() - LATELY)).values("kind", "state")
    for row in rows.annotate(number=Count("id")).order_by("kind", "state"):
        family.add_metric([row["kind"], row["state"]], row["number"])
    return family


def _of_queues(queues: Mapping[str, QueueState]) -> Iterator[Metric]:
    jobs = metrics.GaugeMetricFamily("perennial_queue_jobs", "Jobs by queue and state.", labels=["queue", "state"])
    attempts = metrics.CounterMetricFamily(
        "perennial_queue_attempts", "Attempts that ended, by queue and outcome.", labels=["queue", "outcome"]
    )
    oldest = metrics.GaugeMetricFamily(
        "perennial_queue_oldest_due_seconds", "How long the first due job waits.", labels=["queue"]
    )
    polled = metrics.GaugeMetricFamily(
        "perennial_queue_last_poll_timestamp_seconds", "When a worker last looked into the queue.", labels=["queue"]
    )
    for name, queue in queues.items():
        for state in ("depth", "running", "delayed", "dead"):
            jobs.add_metric([name, state], getattr(queue, state))
        for outcome in _COUNTERS[1:]:
            attempts.add_metric([name, outcome], getattr(queue, outcome))
        oldest.add_metric([name], (clock.wall() - queue.oldest_due_at).total_seconds() if queue.oldest_due_at else 0)
        if queue.last_poll_at:
            polled.add_metric([name], queue.last_poll_at.timestamp())
    return iter((jobs, attempts, oldest, polled))
