"""What may be forgotten: rows whose use is over. Apps say in their `purgers.py` which of theirs those are, and when.

Facts, entries of the audit log, invoices and everything of the ledger are kept for ever; nobody registers them here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from core import errors

# So many rows go with one statement.
BATCH: Final = 1000

Rows = Callable[[datetime], "QuerySet[Any]"]
Delete = Callable[[datetime, int], int]
Count = Callable[[datetime], int]


class UnknownPurgeTarget(errors.Invalid):
    code = "unknown_purge_target"
    title = "Nothing by this name can be purged."


@dataclass(frozen=True, kw_only=True)
class Purger:
    """One kind of rows that may go.

    `delete` takes up to a number of rows whose use was over before an instant and returns how many it took; it skips
    rows that somebody holds. `is_daily` ones go by themselves `days` after their use; the others go when asked. Nobody
    can ask for rows younger than `least_days`.
    """

    name: str
    title: str
    days: int
    delete: Delete
    count: Count
    is_daily: bool = True
    least_days: int = 0

    def before(self, now: datetime, days: int | None) -> datetime:
        """This function will return the instant before which the rows' use must have ended."""
        return now - timedelta(days=self.days if days is None else max(days, self.least_days))


_purgers: dict[str, Purger] = {}


def purger(chosen: Purger) -> None:
    """This function will register a kind of rows that may go."""
    if chosen.name in _purgers:
        raise ValueError(f"{chosen.name} is registered twice")
    _purgers[chosen.name] = chosen


def rows(name: str, *, title: str, days: int, of: Rows, is_daily: bool = True, least_days: int = 0) -> None:
    """This function will register rows by the queryset of those whose use was over before an instant."""
    purger(
        Purger(
            name=name, title=title, days=days, is_daily=is_daily, least_days=least_days,
            count=lambda before: of(before).count(), delete=lambda before, limit: delete(of(before), limit),
        )
    )  # fmt: skip


def purgers() -> list[Purger]:
    """This function will return everything that may be forgotten, by name."""
    return [_purgers[name] for name in sorted(_purgers)]


def named(names: list[str]) -> list[Purger]:
    """This function will return the purgers of some names, each once.

    :raises UnknownPurgeTarget: if there is none by one of the names.
    """
    for name in names:
        if name not in _purgers:
            raise UnknownPurgeTarget(target=name)
    return [_purgers[name] for name in dict.fromkeys(names)]


def delete(doomed: "QuerySet[Any]", limit: int) -> int:
    """This function will delete up to `limit` rows, the oldest first and none that somebody holds."""
    picked = doomed.select_for_update(skip_locked=True, of=("self",)).order_by("pk").values_list("pk", flat=True)
    keys = list(picked[:limit])
    doomed.model._base_manager.filter(pk__in=keys).delete()
    return len(keys)
