"""Letting everything come to an end."""

from proof.harness import crew
from proof.harness.births import Nursery
from proof.harness.crew import Crew, until
from proof.harness.outside import Outside


def settle(nursery: Nursery, outside: Outside, staff: Crew, *, seconds: float = 120.0) -> bool:
    """This function will have a crew work undisturbed until nothing is left to do; False if that took too long."""
    if not staff.children:
        staff.start([("worker0", crew.work), ("worker1", crew.work), ("keeper0", crew.keep_house)])
    try:
        return until(lambda: not outside.unfinished(), seconds=seconds, every=staff.revive, interval=0.2)
    finally:
        staff.stop()
