"""One request, one transaction; a transaction that lost a race with another is tried again."""

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.db import OperationalError, connection, transaction

from core import failpoints

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

MAX_TRIES = 3
_LOST_RACES = frozenset({"40001", "40P01"})  # serialization failure, deadlock


def run(effect: Callable[[], Answer], *, read_only: bool) -> Answer:
    """This function will run an effect in one transaction of its own and return its answer once it is committed.

    The effect may run up to three times: a deadlock or serialization failure rolls all back and is tried again.

    :raises django.db.OperationalError: when it was lost three times.
    """
    for attempt in range(1, MAX_TRIES + 1):
        try:
            answer = _once(effect, read_only=read_only)
        except OperationalError as failure:
            if not is_lost_race(failure) or attempt == MAX_TRIES:
                raise
            log.warning("request.tried_again", attempt=attempt)
        else:
            if __debug__:
                failpoints.reach("request.committed")
            return answer
    raise AssertionError("unreachable: the last attempt returns or raises")


def _once(effect: Callable[[], Answer], *, read_only: bool) -> Answer:
    database: Any = connection
    database.begins_read_only = read_only
    try:
        with transaction.atomic(durable=True):
            if database.begins_read_only:  # Inside another transaction, as in tests, whose end takes it back.
                with database.cursor() as cursor:
                    cursor.execute("SET LOCAL transaction_read_only = on")
            answer = effect()
            if __debug__:
                failpoints.reach("request.committing")
            return answer
    finally:
        database.begins_read_only = False


def is_lost_race(failure: OperationalError) -> bool:
    """This function will tell whether trying the transaction again may succeed."""
    return getattr(failure.__cause__, "sqlstate", None) in _LOST_RACES
