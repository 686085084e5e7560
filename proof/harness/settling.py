"""Letting everything come to an end."""

import time
from collections.abc import Callable

from proof.harness import crew
from proof.harness.births import Nursery
from proof.harness.crew import Crew
from proof.harness.outside import Outside

# However slowly it goes on.
LONGEST_S = 1800.0


def work_off(outside: Outside, *, every: Callable[[], None], patience_s: float, interval: float = 0.3) -> bool:
    """This function will do something at each interval until nothing is left to do.

    It is false if there has not been less to do for as long as its patience lasts: a slow machine has more time, and
    what is stuck is stuck. Patience is needed where a fact that is relayed leaves several jobs in its place.
    """
    least, until = outside.unfinished(), time.monotonic() + patience_s
    end = time.monotonic() + LONGEST_S
    while least and time.monotonic() < min(until, end):
        every()
        time.sleep(interval)
        if (left := outside.unfinished()) < least:
            least, until = left, time.monotonic() + patience_s
    return not least


def settle(nursery: Nursery, outside: Outside, staff: Crew, *, patience_s: float = 120.0) -> bool:
    """This function will have a crew work undisturbed until nothing is left to do; False if it gets no further."""
    if not staff.children:
        staff.start([("worker0", crew.work), ("worker1", crew.work), ("keeper0", crew.keep_house)])
    try:
        return work_off(outside, every=staff.revive, patience_s=patience_s, interval=0.2)
    finally:
        staff.stop()
