"""Saying how far a long run has come, no more often than somebody wants to read it."""

import time

EVERY_S = 10.0


class Progress:
    """Prints a line at the beginning and then every ten seconds."""

    def __init__(self) -> None:
        self._began = self._next = time.monotonic()

    def at(self, share: float, said: str) -> None:
        """This function will say what share is done, if the last word was long enough ago."""
        now = time.monotonic()
        if now >= self._next:
            print(f"  {now - self._began:5.0f} s  {share:4.0%}  {said}", flush=True)
            self._next = now + EVERY_S
