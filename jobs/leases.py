"""Keeping what a worker has in hand: a thread extends its leases, and tells a job whose lease was taken over."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import structlog
from django.db import connection

from jobs import claims
from jobs.claims import Claim

log = structlog.get_logger(__name__)

# Three heartbeats fit into a lease, so that two of them may be lost.
BEAT_S = 20.0


@dataclass(eq=False)
class Lease:
    """The right to work on a job under one fence, until somebody else has taken it over."""

    claim: Claim
    is_lost: bool = False


_in_hand: ContextVar[Lease | None] = ContextVar("job_in_hand", default=None)


class Keeper:
    """The leases that this process holds, and the thread that extends them."""

    def __init__(self) -> None:
        self._held: set[Lease] = set()
        self._pid = 0

    def hold(self, lease: Lease) -> None:
        """This function will keep a lease alive from now on."""
        self._held.add(lease)
        if self._pid != os.getpid():  # a thread does not survive a fork
            self._pid = os.getpid()
            threading.Thread(target=self._keep, name="job leases", daemon=True).start()

    def drop(self, lease: Lease) -> None:
        """This function will leave a lease to its end."""
        self._held.discard(lease)

    def beat(self) -> None:
        """This function will extend every lease that is held, and mark those that are somebody else's by now."""
        held = list(self._held)
        kept = claims.extend([lease.claim for lease in held]) if held else set()
        for lease in held:
            if lease.claim.id not in kept and lease in self._held:
                lease.is_lost = True
                log.warning("jobs.lease_lost", job=str(lease.claim.id), kind=lease.claim.kind, pid=self._pid)

    def _keep(self) -> None:
        pause = threading.Event()
        while not pause.wait(BEAT_S):
            self._beat_or_log()

    def _beat_or_log(self) -> None:
        try:
            self.beat()
        except Exception as error:  # noqa: BLE001 - a keeper that dies would take every lease with it
            log.warning("jobs.heartbeat_failed", error=type(error).__name__)
        finally:
            connection.close()  # this thread's own, until the next beat


keeper = Keeper()


@contextmanager
def holding(claim: Claim) -> Iterator[Lease]:
    """This function will keep a claimed job's lease alive for everything inside."""
    lease = Lease(claim)
    token = _in_hand.set(lease)
    keeper.hold(lease)
    try:
        yield lease
    finally:
        keeper.drop(lease)
        _in_hand.reset(token)


def still_mine() -> bool:
    """Whether the job in hand is still this worker's; a long one asks between its steps and stops when it is not.

    Asked inside a transaction, the answer holds until its end: nobody can take the job over before. This function will
    answer yes where no job is in hand.
    """
    lease = _in_hand.get()
    if lease is None:
        return True
    lease.is_lost = lease.is_lost or not claims.holds(lease.claim)
    return not lease.is_lost
