"""Waiting for facts: many readers at the end of their feeds, one look at the database for all of them.

A reader holds neither a transaction nor a connection while it waits, only its thread. One thread of the process asks,
for every environment in which somebody waits, how far its order has come, and goes home when nobody waits any more.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error, connection, transaction

from core.tenancy.system import system_scope
from outbox.models import Sequence

log = structlog.get_logger(__name__)

# A relay has looked within as much again: a new fact is told about a quarter of a second after its commit at most.
LOOK_EVERY_S = 0.1


class Watch:
    """Who waits in this process, and how far each order was at the last look."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: Counter[UUID] = Counter()
        self._last: dict[UUID, int] = {}
        self._thread: threading.Thread | None = None
        self._idle = threading.Event()

    @contextmanager
    def place(self) -> Iterator[bool]:
        """This function will take one of the process's places for those who wait; False if all are taken.

        There are fewer places than threads, so that somebody is always there to answer everybody else.
        """
        taken = _places.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                _places.release()

    def wait(self, environment_id: UUID, *, beyond: int, seconds: float) -> None:
        """This function will return once the environment's order is beyond a place, or the time is up."""
        with self._changed:
            self._waiting[environment_id] += 1
            self._start()
            try:
                self._changed.wait_for(lambda: self._last.get(environment_id, 0) > beyond, timeout=seconds)
            finally:
                self._waiting -= Counter([environment_id])

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="outbox-watch", daemon=True)
            self._thread.start()

    def _look(self) -> None:
        try:
            while wanted := self._wanted():
                found = _read(wanted)
                with self._changed:
                    self._last = found
                    self._changed.notify_all()
                self._idle.wait(LOOK_EVERY_S)
        finally:
            connection.close()
            self._go_home()

    def _go_home(self) -> None:
        with self._changed:
            if self._thread is threading.current_thread():
                self._thread = None

    def _wanted(self) -> list[UUID]:
        with self._changed:
            if not self._waiting:
                self._thread, self._last = None, {}
            return list(self._waiting)


def _read(environments: list[UUID]) -> dict[UUID, int]:
    try:
        with system_scope("outbox: who waits for facts"), transaction.atomic():
            rows = Sequence.objects.filter(environment_id__in=environments)
            return dict(rows.values_list("environment_id", "last"))
    except Error as error:
        log.warning("outbox.watch_failed", error=type(error).__name__)
        connection.close()
        return {}


_places = threading.BoundedSemaphore(settings.FEED_MAX_WAITERS)
watch = Watch()
