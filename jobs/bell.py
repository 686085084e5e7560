"""Wake-ups sent by a thread of its own: no request waits for the broker, and many wishes make one message.

What is rung for the first time goes out at once. What is rung again right after waits for the end of a short pause, and
is one message then, however many transactions rang. A process that dies takes the waiting ones along; the sweeper finds
the rows.
"""

import atexit
import os
import threading
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

# Far less than a worker takes to answer, and at a hundred transactions a second a tenth of the messages.
PAUSE_S: Final = 0.05
# So long a process that ends waits for its last messages.
LAST_S: Final = 1.0

Wake = Callable[[], None]


class Bell:
    """What is to be sent, and the thread that sends it: each process has its own, for no thread survives a fork."""

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self.settle)

    def _begin(self) -> None:
        self._wanted: dict[Wake, None] = {}
        self._lock, self._rung, self._is_quiet = threading.Lock(), threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._is_quiet.set()

    def ring(self, wake: Wake) -> None:
        """This function will have something called soon, once, by the bell's thread."""
        with self._lock:
            self._wanted[wake] = None
            self._is_quiet.clear()
            if self._thread is None:
                self._thread = threading.Thread(target=self._answer, name="job bell", daemon=True)
                self._thread.start()
        self._rung.set()

    def settle(self, seconds: float = LAST_S) -> bool:
        """This function will wait until everything that was rung has been called, and tell whether it has."""
        return self._is_quiet.wait(seconds)

    def _answer(self) -> None:
        pause = threading.Event()
        while self._rung.wait():
            self._rung.clear()
            for wake in self._take():
                _call(wake)
            with self._lock:
                if not self._wanted:
                    self._is_quiet.set()
            pause.wait(PAUSE_S)

    def _take(self) -> list[Wake]:
        with self._lock:
            taken = list(self._wanted)
            self._wanted.clear()
        return taken


def _call(wake: Wake) -> None:
    try:
        wake()
    except Exception as error:  # A broken bell would wake nobody ever again.
        log.warning("jobs.bell_failed", error=type(error).__name__, exc_info=error)


bell = Bell()
