"""A crew of forked processes that do the house's work, and the killer among them."""

import random
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Event

import structlog
from django.db import Error, connection

from audit.internal import seal
from jobs import internal
from jobs.registry import QUEUES
from outbox.internal import relay
from proof.harness.births import Child, Nursery
from proof.harness.outside import Outside

log = structlog.get_logger(__name__)

IDLE_S = 0.05
# The relay's rest; everything else that looks for rows does so at every fifth of them.
RELAY_S = 0.1
LOOK_EVERY = 5
DOWN_S = 0.3
# A paused process is one whose machine stands still: its lease is gone when it comes back.
PAUSE_S = 0.15
MOST_DEAD = 4


def work() -> None:
    """This function will do due jobs of every queue until it is killed, as a Celery worker does."""
    for_ever(_work_once, idle=IDLE_S)


def keep_house() -> None:
    """This function will relay, look for what is due, sweep and seal until it is killed, as relay and beat do."""
    looks = count()
    for_ever(lambda: _keep_once(next(looks)), idle=RELAY_S)


def _work_once() -> bool:
    return bool(internal.do_next(*QUEUES))


def _keep_once(number: int) -> bool:
    relay()
    if number % LOOK_EVERY == 0:
        internal.sweep()
        internal.look_for_due()
        seal()
    return False


def for_ever(once: Callable[[], bool], *, idle: float) -> None:
    """This function will do something until the process is killed, with a rest whenever there was nothing to do."""
    waiting = Event()
    while True:
        try:
            if not once():
                waiting.wait(idle)
        except Error as error:  # PostgreSQL is away, or has thrown us out
            log.warning("crew.database_down", error=str(error)[:200])
            connection.close()
            waiting.wait(DOWN_S)


@dataclass(kw_only=True)
class Crew:
    """Processes by role, of which one after the other is killed and born again."""

    nursery: Nursery
    outside: Outside
    dice: random.Random
    roles: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    kills: int = 0
    pauses: int = 0
    # Those who died last. PostgreSQL may still commit what a process had sent when it was killed, such as a claim.
    dead: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_DEAD))

    def start(self, roles: Sequence[tuple[str, Callable[[], None]]]) -> None:
        """This function will start a process for each role."""
        self.roles += roles
        self.children += [self.nursery.fork(name, call) for name, call in roles]

    def kill_one(self) -> None:
        """This function will kill a process that chance chooses, and start another in its place.

        What it held is free at once: the minute of its lease is not waited for.
        """
        place = self.dice.randrange(len(self.children))
        victim = self.children[place]
        victim.signal(signal.SIGKILL)
        victim.wait()
        self.kills += 1
        self.dead.append(victim.owner)
        self.outside.run_leases_out(list(self.dead))
        name, call = self.roles[place]
        self.children[place] = self.nursery.fork(name, call)

    def pause_one(self) -> None:
        """This function will stop a process, give its work to others, and let it go on: it must notice."""
        victim = self.dice.choice(self.children)
        victim.signal(signal.SIGSTOP)
        self.pauses += 1
        self.outside.run_leases_of_stopped_out(victim.owner)
        time.sleep(PAUSE_S)
        victim.signal(signal.SIGCONT)

    def revive(self) -> None:
        """This function will start again whoever has ended by himself; a bug of the house shows in his log."""
        self.outside.run_leases_out(list(self.dead))
        for place, child in enumerate(self.children):
            if child.has_ended() is not None:
                self.outside.run_leases_out([child.owner])
                name, call = self.roles[place]
                self.children[place] = self.nursery.fork(name, call)

    def stop(self) -> None:
        """This function will end every process at once."""
        for child in self.children:
            child.signal(signal.SIGKILL)
            child.wait()
        self.outside.run_leases_out([child.owner for child in self.children])
        self.children.clear()
        self.roles.clear()


def until(is_done: Callable[[], bool], *, seconds: float, every: Callable[[], None], interval: float) -> bool:
    """This function will do something at each interval until it is done; False if the time ran out before."""
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            return False
        every()
        time.sleep(interval)
    return True
