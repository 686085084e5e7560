"""What has fallen due, asked of the database in one statement: beat asks duty by duty, and tests look so often."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pytest
from django.db import connection, transaction

from core import clock
from core.tenancy.system import system_scope
from jobs.dues import due_query
from jobs.registry import Duty, duties

# Stands in the text's parameters for the instant of the question.
_INSTANT = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def kinds() -> list[str]:
    """Return the duties that have found rows; only for these has anything to be looked for."""
    known = tuple(duties())
    with system_scope("test: what has fallen due"), transaction.atomic():
        text, values = _question(known)
        with connection.cursor() as cursor:
            cursor.execute(text, [clock.wall() if value is _INSTANT else value for value in values])
            found = cursor.fetchone()
    return [duty.kind for duty, is_due in zip(known, found or (), strict=True) if is_due]


@lru_cache(maxsize=8)
def _question(known: tuple[Duty, ...]) -> tuple[str, list[Any]]:
    """One EXISTS for each duty, with the very query by which its rows are found."""
    parts: list[str] = []
    values: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "wall", lambda: _INSTANT)
        for duty in known:
            text, particulars = due_query(duty, None)
            if sum(value is _INSTANT for value in particulars) != 1:
                raise AssertionError(f"{duty.kind}: what is due depends on more than the instant")
            parts.append(f"EXISTS ({text})")
            values += particulars
    return f"SELECT {', '.join(parts)}", values
