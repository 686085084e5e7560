"""Waking workers up. A nudge may be lost: the sweeper finds the rows, at most seconds later."""

from collections.abc import Callable
from functools import cache, partial

import structlog
from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

# A message older than this has been overtaken by the sweeper.
EXPIRES_S = 30


def after_commit(queue: str) -> None:
    """This function will wake a worker of the queue once the transaction has committed, and never if it does not."""
    _once(_waker(queue))


def relay_after_commit() -> None:
    """This function will wake the relay once the transaction has committed."""
    _once(_wake_relay)


def nudge(queue: str) -> None:
    """This function will ask some worker to look into a queue; a broker that is down is logged and not waited for."""
    send("jobs.work", queue, queue=queue)


def send(task: str, route: str, **arguments: str) -> None:
    """This function will put one wake-up message for a Celery task on a route."""
    try:
        current_app.send_task(task, kwargs=arguments, queue=route, expires=EXPIRES_S, retry=False, ignore_result=True)
    except (KombuError, RedisError, OSError) as error:
        log.warning("jobs.nudge_lost", task=task, error=type(error).__name__)


def _wake_relay() -> None:
    send("outbox.relay", "q:out:relay")


@cache
def _waker(queue: str) -> Callable[[], None]:
    return partial(nudge, queue)


def _once(wake: Callable[[], None]) -> None:
    """One message a transaction is enough, however many rows it wrote."""
    if not any(waiting[1] is wake for waiting in connection.run_on_commit):
        transaction.on_commit(wake, robust=True)
