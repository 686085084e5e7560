"""What operators have decided, as this process knows it. It looks again as soon as what it knows is a moment old."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction

from core import clock
from core.tenancy import PLATFORM_ID
from core.tenancy.system import system_scope
from featureflags.models import FlagOverride

MOST_ENVIRONMENTS = 1000


@dataclass(frozen=True, kw_only=True)
class Known:
    """The decisions that hold in one environment, its own before those that hold everywhere, and until when."""

    rows: tuple[FlagOverride, ...]
    until: float


_known: dict[UUID, Known] = {}


def of(environment_id: UUID) -> Known:
    """This function will return what has been decided for an environment, at most a moment ago.

    The moment is `FEATURE_FLAGS_FRESH_S` seconds: so long may a process go on with an older decision.
    """
    kept = _known.get(environment_id)
    if kept is None or kept.until <= clock.monotonic():
        kept = Known(rows=_read(environment_id), until=clock.monotonic() + settings.FEATURE_FLAGS_FRESH_S)
        if len(_known) >= MOST_ENVIRONMENTS:
            _known.clear()
        _known[environment_id] = kept
    return kept


def forget() -> None:
    """This function will have this process look again at once, now and when the transaction in hand has committed."""
    _known.clear()
    transaction.on_commit(_known.clear)


def _read(environment_id: UUID) -> tuple[FlagOverride, ...]:
    # What holds everywhere belongs to the platform, whose rows no environment's scope can see.
    with system_scope("featureflags: decided here and everywhere"), transaction.atomic(savepoint=False):
        rows = FlagOverride.objects.filter(environment_id__in=(environment_id, PLATFORM_ID)).order_by("name")
        return tuple(sorted(rows, key=lambda row: row.is_everywhere))
