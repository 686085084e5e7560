"""Purging by the clock: once a day, what is old enough goes, one short transaction after the other."""

from datetime import datetime

import structlog
from django.db import transaction

from audit import purges
from audit.purges import Purged
from core import clock, purging
from core.actor import SYSTEM
from core.models import scope_of
from core.tenancy import PLATFORM_ID, scope
from core.tenancy.system import system_scope

log = structlog.get_logger(__name__)


def purge_daily() -> list[Purged]:
    """This function will take all rows whose use has been over long enough, and write down how many."""
    now = clock.wall()
    done = [_purge(one, one.before(now, None)) for one in purging.purgers() if one.is_daily]
    if any(one.rows or one.error for one in done):
        with scope(scope_of(PLATFORM_ID)), transaction.atomic():
            purges.record(done, dry_run=False, reason="daily", actor=SYSTEM.label, older_than_days=None)
    return done


def _purge(one: purging.Purger, before: datetime) -> Purged:
    taken = 0
    try:
        while gone := _batch(one, before):
            taken += gone
    except Exception as failure:
        log.error("purge.failed", target=one.name, exc_info=failure)
        return Purged(target=one.name, rows=taken, is_complete=False, error=type(failure).__name__)
    return Purged(target=one.name, rows=taken, is_complete=True)


def _batch(one: purging.Purger, before: datetime) -> int:
    with system_scope("purge: daily"), transaction.atomic():
        return one.delete(before, purging.BATCH)
