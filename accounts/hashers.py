"""How passwords are hashed, and how many at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from core import errors

WAIT_S = 2.0
MOST_WAITING = 16


class TooManyHashes(errors.Unavailable):
    code = "passwords_busy"
    title = "Too many passwords are being checked at this moment. Try again in a moment."
    headers = {"Retry-After": "2"}


class Gate:
    """Lets a few through at a time. Whoever finds the line too long, or waits too long, is sent away.

    A hash costs a core for 30 ms and 19 MiB: unbounded, a few guessers would take both from every other request.
    """

    def __init__(self, at_once: int, *, most_waiting: int = MOST_WAITING, wait_s: float = WAIT_S) -> None:
        self._slots = threading.BoundedSemaphore(at_once)
        self._line = threading.BoundedSemaphore(at_once + most_waiting)
        self._wait_s = wait_s

    @contextmanager
    def passed(self) -> Iterator[None]:
        """This function will hold a place for everything inside.

        :raises TooManyHashes: when the line is full, or does not move in time.
        """
        if not self._line.acquire(blocking=False):
            raise TooManyHashes
        try:
            if not self._slots.acquire(timeout=self._wait_s):
                raise TooManyHashes
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._line.release()


@lru_cache(maxsize=1)
def gate() -> Gate:
    """This function will return the gate of this process."""
    return Gate(settings.HASHES_AT_ONCE)


class Argon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane: about 30 ms, and a worker's memory stays predictable."""

    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """This function will hash a password, once there is a place for it."""
        with gate().passed():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """This function will compare a password with its hash, once there is a place for it."""
        with gate().passed():
            return bool(super().verify(password, encoded))

    def harden_runtime(self, password: str, encoded: str) -> Any:
        """This function will do nothing: every hash of ours costs the same."""


class CheapArgon2(Argon2):
    """The same algorithm with its smallest costs, for test sessions."""

    memory_cost = 8
    time_cost = 1
