"""How the house is doing. Each app registers the component it knows about; core knows the database and Redis."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import connection, transaction

from core import clock
from core.tenancy.system import system_scope

log = structlog.get_logger(__name__)

HEALTHY, DEGRADED, UNHEALTHY = "healthy", "degraded", "unhealthy"
_TIMEOUT = 0.5  # seconds

Check = Callable[[], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Component:
    """Something that can be well or not. `is_vital`: without it the service cannot answer anything."""

    name: str
    check: Check
    needs_database: bool
    is_vital: bool


_components: dict[str, Component] = {}


def component(name: str, *, needs_database: bool = True, is_vital: bool = False) -> Callable[[Check], Check]:
    """This function will register a check, run in the system scope and a transaction of its own.

    The check returns JSON-ready facts (queue depths, ages). A member `status` may say `degraded`; raising says
    `unhealthy`.
    """

    def register(check: Check) -> Check:
        known = _components.setdefault(
            name, Component(name=name, check=check, needs_database=needs_database, is_vital=is_vital)
        )
        if known.check is not check:
            raise TypeError(f"two components are called {name}")
        return check

    return register


def report(name: str) -> dict[str, Any]:
    """This function will return what one component says of itself, with `status` and `response_ms`.

    A component that nobody registered is unhealthy: whoever asks for it relies on it.
    """
    begun = clock.monotonic()
    found = _components.get(name)
    facts = _asked(found) if found else {"status": UNHEALTHY}
    return {"status": HEALTHY, **facts, "response_ms": round((clock.monotonic() - begun) * 1000, 2)}


def _asked(asked: Component) -> dict[str, Any]:
    try:
        with ExitStack() as stack:
            if asked.needs_database:
                stack.enter_context(system_scope("health"))
                stack.enter_context(transaction.atomic())
            return asked.check()
    except Exception as failure:  # noqa: BLE001 - whatever is wrong with a component is its health
        log.warning("health.unhealthy", component=asked.name, reason=type(failure).__name__)
        return {"status": UNHEALTHY}


def reports() -> dict[str, dict[str, Any]]:
    """This function will return the reports of all components by name."""
    return {name: report(name) for name in sorted(_components)}


def overall(found: dict[str, dict[str, Any]]) -> str:
    """This function will return the state of the whole: `unhealthy` only when something vital is."""
    if any(
        name in _components and _components[name].is_vital and one["status"] == UNHEALTHY for name, one in found.items()
    ):
        return UNHEALTHY
    return HEALTHY if all(one["status"] == HEALTHY for one in found.values()) else DEGRADED


@component("database", is_vital=True)
def _database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {}


@component("redis", needs_database=False)
def _redis() -> dict[str, Any]:
    client: Any = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
    with client:
        client.ping()
    return {}
