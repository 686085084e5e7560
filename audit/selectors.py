"""What the house may know of its audit log: whether it is whole, and how far it has been verified."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max, Min

from audit import sink, verification
from audit.models import Entry, Unsealed, Verdict
from core import clock, health

# Sealing takes a second; verification has an hour, and a day for everything.
LATE_SEAL_S, LATE_VERDICT_S = 60, 2 * 3600


@health.component("audit")
def _component() -> dict[str, Any]:
    """What anybody may read: that something is wrong, and never where."""
    verdicts = Verdict.objects.aggregate(oldest=Min("checked_at"), newest=Max("checked_at"))
    broken = Verdict.objects.exclude(kind="").count() + len(list(verification.unguarded()))
    waiting = Entry.objects.filter(id__in=Unsealed.objects.values("id")).aggregate(oldest=Min("at"))["oldest"]
    unsealed_s = (clock.wall() - waiting).total_seconds() if waiting else 0.0
    verdict_s = (clock.wall() - verdicts["oldest"]).total_seconds() if verdicts["oldest"] else 0.0
    sink_is_safe = not (settings.AUDIT_LOG_PATH and sink.check(Path(settings.AUDIT_LOG_PATH)))
    well = not broken and sink_is_safe and unsealed_s < LATE_SEAL_S and verdict_s < LATE_VERDICT_S
    return {
        "status": health.HEALTHY if well else health.DEGRADED, "broken": broken, "verified_at": verdicts["newest"],
        "oldest_unsealed_s": round(unsealed_s, 1),
    }  # fmt: skip
