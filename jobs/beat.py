"""Beat's scheduler: django-celery-beat's, with the patience to wait for a database that is away.

A worker whose database is away fails the message in hand and goes on with the next one. Beat has nothing to go on with:
it reads and writes its entries before its first tick, and would end there, or at the next time it reads them anew.
"""

import threading
from typing import Any, Final

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections
from django_celery_beat.schedulers import DatabaseScheduler

log = structlog.get_logger(__name__)

AWAY: Final = (DatabaseError, InterfaceError)
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 15.0

_of_thread = threading.local()


class EntriesMissing(DatabaseError):
    """The entries were not all written. The library logs why, and would go on without them."""


class PatientScheduler(DatabaseScheduler):  # type: ignore[misc]
    """Waits at its start until its entries are written, longer after each failure; later it goes on with them."""

    _schedule: dict[str, Any] | None

    def setup_schedule(self) -> None:
        """This function will return once the database holds all of beat's entries, also when that takes hours.

        :raises SystemExit: this thread waits already: Celery, told to stop, asks in its handler for a second scheduler.
        """
        if getattr(_of_thread, "waits", False):
            raise SystemExit(0)
        _of_thread.waits = True
        try:
            self._wait_until_set_up()
        finally:
            _of_thread.waits = False

    def _wait_until_set_up(self) -> None:
        wait = FIRST_WAIT_S
        while not self._is_set_up(wait):
            threading.Event().wait(wait)
            wait = min(2 * wait, LONGEST_WAIT_S)

    def _is_set_up(self, wait: float) -> bool:
        try:
            super().setup_schedule()
            self._require_entries()
        except AWAY as error:
            log.warning("beat.database_down", error=str(error)[:200], again_in_s=wait)
            close_old_connections()
            self._initial_read, self._schedule = True, None
            return False
        return True

    def _require_entries(self) -> None:
        wanted = set(self.app.conf.beat_schedule)
        found = set(self.Model.objects.filter(name__in=wanted).values_list("name", flat=True))
        if wanted - found:
            raise EntriesMissing(f"not written: {sorted(wanted - found)}")

    def all_as_schedule(self) -> dict[str, Any]:
        """This function will read the entries, or answer those that are known when the database is away."""
        try:
            return dict(super().all_as_schedule())
        except AWAY as error:
            if self._schedule is None:
                raise
            log.warning("beat.database_down", error=str(error)[:200])
            return self._schedule
