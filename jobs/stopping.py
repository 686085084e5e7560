"""Stopping a worker gracefully: no new claims, some time for what runs, and the rest is given back.

One byte of memory tells the worker's processes that it stops; it is made before they are forked, so they share it.
"""

import mmap
import os
import signal
import threading
from typing import Any

import structlog
from billiard import active_children
from celery.signals import worker_process_init, worker_shutdown, worker_shutting_down
from django.conf import settings

from jobs import claims

log = structlog.get_logger(__name__)

_shared = mmap.mmap(-1, 1)


def begin() -> None:
    """This function will have no process of this worker claim another job."""
    _shared[0] = 1


def is_on() -> bool:
    """This function will tell whether this worker has been told to stop."""
    return _shared[0] == 1


def call_off() -> None:
    """This function will let the worker claim again, for whoever thought better of it."""
    _shared[0] = 0


@worker_process_init.connect(weak=False)
def _finish_what_runs(**_: Any) -> None:
    """A signal that a service manager sends to the whole group must not interrupt the job that each has in hand."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@worker_shutting_down.connect(weak=False)
def _stop(*, how: str = "", **_: Any) -> None:
    begin()
    # Celery has waited already before it says that it stops coldly.
    watch = threading.Timer(0 if how == "Cold" else settings.WORKER_GRACE_SECONDS, _give_up)
    watch.daemon = True
    watch.start()


def _give_up() -> None:
    """End what is still running. The processes first: who is dead writes nothing about a job that was given back."""
    log.warning("jobs.grace_is_over", seconds=settings.WORKER_GRACE_SECONDS)
    for child in active_children():
        if child.pid:
            os.kill(child.pid, signal.SIGKILL)
    _release()
    os._exit(os.EX_OK)


@worker_shutdown.connect(weak=False)
def _release(**_: Any) -> None:
    released = claims.release()
    if released:
        log.warning("jobs.released", jobs=released)
