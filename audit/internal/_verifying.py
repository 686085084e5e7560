"""Verification by the clock: what is new every hour, everything once a day; the verdict is kept and said aloud."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from audit import verification
from audit.models import Verdict
from core import clock
from core.models import Environment
from core.tenancy import scope

FULL_EVERY = timedelta(hours=23, minutes=30)

log = structlog.get_logger(__name__)


def verify_chains(*, full: bool = False) -> int:
    """This function will verify every chain, keep what it found, and return how many are broken.

    A chain is verified behind the place of its last verdict, and from its beginning once a day, when asked, and for as
    long as it is broken.
    """
    with transaction.atomic():
        environments = list(Environment.objects.select_related("tenant").order_by("id"))
        open_tables = list(verification.unguarded())
    broken = [found for one in environments if (found := _verify(one, full=full))]
    for found in (*open_tables, *broken):
        log.critical("audit.broken", chain=found.chain, sequence=found.sequence, kind=found.kind, detail=found.detail)
    return len(open_tables) + len(broken)


def _verify(environment: Environment, *, full: bool) -> verification.Break | None:
    with scope(environment.as_scope()), transaction.atomic():
        last, now = Verdict.objects.first(), clock.wall()
        partly = not full and last and not last.kind and last.full_at and last.full_at + FULL_EVERY > now
        walked = verification.verify_chain(since=last.sequence if last and partly else 0)
        _keep(walked, full_at=last.full_at if last and partly else now, now=now)
        return walked.found


def _keep(walked: verification.Walked, *, full_at: datetime | None, now: datetime) -> None:
    found = walked.found
    verdict = {
        "checked_at": now, "full_at": full_at, "kind": found.kind if found else "",
        "broken_at": found.sequence if found else None, "detail": found.detail[:300] if found else "",
    }  # fmt: skip
    # While a chain is broken the place stays: what was once verified must be found again.
    moved = {} if found else {"sequence": walked.sequence}
    Verdict.objects.update_or_create(defaults=verdict | moved)
