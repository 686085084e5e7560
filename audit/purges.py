"""Purging on request: what may be forgotten goes, in one transaction, and the log says who wanted it and why."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction

from audit import services
from audit.models import Entry
from core import errors, ids, purging, tenancy
from core.actor import Actor
from core.models import scope_of
from core.tenancy import PLATFORM_ID, scope
from core.tenancy.system import system_scope

ACTION: Final = "admin.purge"
# A request takes at most so many batches of each kind, so that it ends; it says when there is more.
MOST_BATCHES: Final = 10

log = structlog.get_logger(__name__)


class PurgeDenied(errors.Forbidden):
    code = "purge_denied"
    title = "Only operators, system keys and a tenant's owners may purge."


@dataclass(frozen=True, kw_only=True)
class Purged:
    """What became of one kind of rows: how many went, whether that was all, and why not, if it failed."""

    target: str
    rows: int
    is_complete: bool
    error: str = ""


@transaction.atomic
def purge(
    *, targets: list[str], older_than_days: int | None, dry_run: bool, reason: str, actor: Actor, now: datetime
) -> list[Purged]:  # fmt: skip
    """This function will delete rows whose use is over and return what went; dry, it only counts them.

    In the platform's own environment it works on all of them, elsewhere on the one in scope. A kind that fails leaves
    the others alone: the outcome is then `partial`. `now` is the machine's instant.

    :raises PurgeDenied: unless the actor may.
    :raises core.purging.UnknownPurgeTarget: for a name of nothing.
    """
    if not (actor.type == "operator" or actor.role == "owner"):
        raise PurgeDenied
    chosen = purging.named(targets) if targets else purging.purgers()
    with _reach():
        done = [_purge(one, one.before(now, older_than_days), dry_run) for one in chosen]
    record(done, dry_run=dry_run, reason=reason, actor=actor.label, older_than_days=older_than_days)
    return done


def _reach() -> AbstractContextManager[Any]:
    everywhere = tenancy.environment_id() == PLATFORM_ID
    return system_scope("purge: all environments") if everywhere else nullcontext()


def _purge(one: purging.Purger, before: datetime, dry_run: bool) -> Purged:
    try:
        with transaction.atomic():
            if dry_run:
                return Purged(target=one.name, rows=one.count(before), is_complete=False)
            taken = _take(one, before)
            return Purged(target=one.name, rows=taken, is_complete=taken < MOST_BATCHES * purging.BATCH)
    except Exception as failure:
        log.error("purge.failed", target=one.name, exc_info=failure)
        return Purged(target=one.name, rows=0, is_complete=False, error=type(failure).__name__)


def _take(one: purging.Purger, before: datetime) -> int:
    taken = 0
    for _ in range(MOST_BATCHES):
        gone = one.delete(before, purging.BATCH)
        taken += gone
        if gone < purging.BATCH:
            break
    return taken


def record(done: list[Purged], *, dry_run: bool, reason: str, actor: str, older_than_days: int | None) -> None:
    """This function will write down what a purge did to whom it was for."""
    failed = any(one.error for one in done)
    meta = {
        "rows": {one.target: one.rows for one in done}, "failed": [one.target for one in done if one.error],
        "dry_run": dry_run, "older_than_days": older_than_days, "reason": reason,
    }  # fmt: skip
    outcome = Entry.Outcome.PARTIAL if failed else Entry.Outcome.SUCCESS
    services.record(action=ACTION, target=_here(), actor=actor, outcome=outcome, meta=meta)


def record_repeat(*, environment_id: UUID, actor: Actor) -> None:
    """This function will write down that a finished purge was asked for once more, and done no more."""
    with scope(scope_of(environment_id)), transaction.atomic():
        services.record(action=ACTION, target=_here(), actor=actor.label, outcome=Entry.Outcome.RETRY, meta={})


def outcome_of(done: list[Purged]) -> str:
    """This function will return the outcome in one word."""
    return "partial" if any(one.error for one in done) else "success"


def _here() -> str:
    return ids.encode("env", tenancy.environment_id())
