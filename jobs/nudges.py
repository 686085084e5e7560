"""Waking workers up. A nudge may be lost: the sweeper finds the rows, at most seconds later."""

import threading
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import structlog
from amqp.exceptions import AMQPError
from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from core import clock, health
from jobs.bell import bell

log = structlog.get_logger(__name__)

# A message older than this has been overtaken by the sweeper.
EXPIRES_S = 30
# After a failure nobody asks the broker for a while: no request waits for it again and again.
REST_S = 5.0
PATIENCE_S = 0.5
# What each kind of broker calls it; one that is told what it does not know takes offense.
IMPATIENCE = {
    "redis": {"socket_connect_timeout": PATIENCE_S, "socket_timeout": PATIENCE_S, "max_retries": 0},
    "amqp": {"read_timeout": PATIENCE_S, "write_timeout": PATIENCE_S},
}


def after_commit(queue: str) -> None:
    """This function will have a worker of the queue woken once the transaction has committed, never if it does not."""
    _once(_waker(queue))


def relay_after_commit() -> None:
    """This function will have the relay woken once the transaction has committed."""
    _once(_wake_relay)


def nudge(queue: str) -> None:
    """This function will ask some worker to look into a queue; a broker that is down is logged and not waited for."""
    send("jobs.work", queue, queue=queue)


class Rest:
    """Until when this process leaves the broker alone, on the machine's monotonic clock."""

    def __init__(self) -> None:
        self.until = float("-inf")

    def begin(self) -> None:
        """This function will start a rest."""
        self.until = clock.monotonic() + REST_S

    @property
    def is_on(self) -> bool:
        return clock.monotonic() < self.until


rest = Rest()
_of_thread = threading.local()


def send(task: str, route: str, **arguments: str) -> None:
    """This function will put one wake-up message for a Celery task on a route; a lost one costs a sweep's interval."""
    if rest.is_on:
        return
    try:
        current_app.send_task(
            task, kwargs=arguments, queue=route, expires=EXPIRES_S, retry=False, ignore_result=True,
            connection=_connection(),
        )  # fmt: skip
    except (KombuError, RedisError, AMQPError, OSError) as error:
        _of_thread.connection = None
        rest.begin()
        log.warning("jobs.nudge_lost", task=task, error=type(error).__name__)


def _connection() -> Any:
    """A connection of this thread's own, which does not wait for a broker that is away as a worker's does.

    It sends no heartbeats: a thread that writes nothing for minutes would fail to, and be taken for dead.
    """
    if getattr(_of_thread, "connection", None) is None:
        _of_thread.connection = _opened()
    return _of_thread.connection


def _opened() -> Any:
    options = IMPATIENCE["redis" if settings.CELERY_BROKER_URL.startswith("redis") else "amqp"]
    return current_app.connection_for_write(heartbeat=0, connect_timeout=PATIENCE_S, transport_options=options)


@health.component("broker", needs_database=False)
def _component() -> dict[str, Any]:
    with _opened() as broker:
        broker.ensure_connection(max_retries=1, timeout=PATIENCE_S)
        return {"transport": broker.transport.driver_type}


def _send_to_relay() -> None:
    send("outbox.relay", "q:out:relay")


_wake_relay = partial(bell.ring, _send_to_relay)


@cache
def _waker(queue: str) -> Callable[[], None]:
    return partial(bell.ring, partial(nudge, queue))


def _once(wake: Callable[[], None]) -> None:
    """One message a transaction is enough, however many rows it wrote."""
    if not any(waiting[1] is wake for waiting in connection.run_on_commit):
        transaction.on_commit(wake, robust=True)
