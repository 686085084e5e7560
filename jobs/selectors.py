"""What the house may know of its queues."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Q

from core import clock, health
from core.tenancy.system import system_scope
from jobs.models import Job
from jobs.registry import QUEUES

EMPTY: Final[dict[str, int]] = {"depth": 0, "running": 0, "delayed": 0, "dead": 0}


def count_by_queue() -> dict[str, dict[str, int]]:
    """This function will return, for every queue, how many jobs are due, running, delayed and dead, everywhere."""
    with system_scope("jobs: depth of the queues"), transaction.atomic():
        waiting, later = Q(state__in=("pending", "failed")), Q(available_at__gt=clock.wall())
        rows = Job.objects.exclude(state__in=("succeeded", "discarded")).values("queue").annotate(
            depth=Count("id", filter=waiting & ~later), delayed=Count("id", filter=waiting & later),
            running=Count("id", filter=Q(state="running")), dead=Count("id", filter=Q(state="dead")),
        )  # fmt: skip
        found = {row["queue"]: _counts(row) for row in rows}
    return {queue: found.get(queue, EMPTY) for queue in QUEUES}


def _counts(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(row[name]) for name in EMPTY}


@health.component("queues")
def _component() -> dict[str, Any]:
    return dict(count_by_queue())
