"""Numbers for Prometheus, computed when it asks: they are right however many processes serve, and survive each of them.

Each app registers the families it knows about. A source that fails leaves the others standing and says so itself.
"""

from collections.abc import Callable, Iterable, Iterator

import structlog
from django.db import transaction
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.tenancy.system import system_scope

__all__ = ["CONTENT_TYPE", "CounterMetricFamily", "GaugeMetricFamily", "page", "source"]

log = structlog.get_logger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Source = Callable[[], Iterable[Metric]]

_sources: dict[str, Source] = {}


def source(name: str) -> Callable[[Source], Source]:
    """This function will have the families of the decorated function shown; it runs in the system scope."""

    def register(families: Source) -> Source:
        if _sources.setdefault(name, families) is not families:
            raise TypeError(f"two sources of metrics are called {name}")
        return families

    return register


def page() -> bytes:
    """This function will return every family in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything())
    return generate_latest(registry)


class _Everything(Collector):
    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("perennial_metrics_up", "Whether a source of metrics answered.", labels=["source"])
        for name, families in sorted(_sources.items()):
            found = _asked(name, families)
            up.add_metric([name], found is not None)
            yield from found or ()
        yield up


def _asked(name: str, families: Source) -> list[Metric] | None:
    try:
        with system_scope(f"metrics of {name}"), transaction.atomic():
            return list(families())
    except Exception as failure:  # noqa: BLE001 - what can be told is told, whatever is wrong elsewhere
        log.warning("metrics.failed", source=name, reason=type(failure).__name__)
        return None
