"""Jobs that are done together: one call and one settlement for many of a kind."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from uuid import UUID

import structlog

from core import context, failpoints, tenancy
from core.models import scope_of
from jobs import claims, leases
from jobs.claims import Claim
from jobs.registry import Together

log = structlog.get_logger(__name__)

# How many are claimed at once. Their row locks are held for as long as the slowest of them takes.
MOST = 100


def do_together(call: Together, claimed: Sequence[Claim]) -> dict[UUID, str]:
    """Do claimed jobs of one kind and environment by one call, and settle those that it has done.

    This function will return what became of them by id: `succeeded`, or `lost` if somebody else had taken one over.
    What is left out is still to be done one by one: what the call could not do with the others, and all of them if it
    failed.
    """
    first = claimed[0]
    scope = tenancy.scope(scope_of(first.environment_id))
    with scope, context.entered(request_id=first.correlation_id), ExitStack() as held:
        for claim in claimed:
            held.enter_context(leases.holding(claim))
        try:
            with _uncollected():
                left = set(call([claim.payload["id"] for claim in claimed]))
        except Exception as error:  # noqa: BLE001 - each of them fails or succeeds alone, and then it is written down
            log.warning("jobs.apart", kind=first.kind, jobs=len(claimed), error=type(error).__name__)
            return {}
        if __debug__:
            failpoints.reach("jobs.done_together")
        return _settled([claim for claim in claimed if claim.payload["id"] not in left])


@contextmanager
def _uncollected() -> Iterator[None]:
    """A batch makes so many rows that the collector would look through the whole house once or twice in each."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _settled(done: Sequence[Claim]) -> dict[UUID, str]:
    ours = claims.succeed_many(done) if done else set()
    if lost := [str(claim.id) for claim in done if claim.id not in ours]:
        log.warning("jobs.result_refused", jobs=lost, kind=done[0].kind, owner=claims.OWNER)
    return {claim.id: "succeeded" if claim.id in ours else "lost" for claim in done}
