"""How many requests there were and how long they took, for Prometheus.

Each process counts its own. With `PROMETHEUS_MULTIPROC_DIR` the processes of one machine keep their counts in files of
that folder, and whichever is asked adds them up; without it, it answers for itself.
"""

import os
from collections.abc import Iterator
from typing import Final

from django.http import HttpRequest
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from core import metrics

# From a look that costs nothing to a write that waits for its lock.
BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
# What no route answers has one name, or anybody could make up labels without end.
NOWHERE: Final = "none"

_folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if _folder:
    # The counters below open their files as they are made: a folder that is not there would stop every process.
    os.makedirs(_folder, exist_ok=True)

_own = CollectorRegistry(auto_describe=False)
_requests = Counter(
    "perennial_requests", "Requests by method, route and status.", ["method", "route", "status"], registry=_own
)
_seconds = Histogram("perennial_request_seconds", "How long answers took.", buckets=BUCKETS_S, registry=_own)


def count(request: HttpRequest, status: int, seconds: float) -> None:
    """This function will count an answered request; a long poll counts, and is no measure of slowness."""
    found = request.resolver_match
    route = (found.view_name or NOWHERE) if found else NOWHERE
    method = request.method if found and request.method else NOWHERE
    _requests.labels(method, route, str(status)).inc()
    if "wait=" not in request.META.get("QUERY_STRING", ""):
        _seconds.observe(seconds)


@metrics.source("requests")
def _families() -> Iterator[Metric]:
    if not _folder:
        return iter(_own.collect())
    together = CollectorRegistry(auto_describe=False)
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return iter(together.collect())
