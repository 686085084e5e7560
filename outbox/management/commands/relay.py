"""`manage.py relay`: the relay as a process of its own, for deployments that want facts out within milliseconds."""

import signal
import threading
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections

from outbox import internal

log = structlog.get_logger(__name__)

IDLE_S = 0.1
DOWN_S = 2.0


class Command(BaseCommand):
    help = "Relay facts as they are committed, until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will relay until SIGTERM or Ctrl-C, finishing the batch in hand."""
        stop = threading.Event()
        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, lambda *_: stop.set())
        self.stdout.write("relaying")
        self.stdout.flush()
        while not stop.is_set():
            stop.wait(self._once())

    def _once(self) -> float:
        try:
            return 0.0 if internal.relay() else IDLE_S
        except OperationalError as error:
            log.warning("outbox.database_down", error=str(error)[:200])
            close_old_connections()
            return DOWN_S
