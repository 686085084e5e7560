"""Statements are converted once, however many parameters they have."""

from typing import Any

import pytest
from django.db import connection
from psycopg import _queries

from core.postgres import cursors

pytestmark = pytest.mark.django_db


def places(count: int) -> str:
    return ", ".join(["%s::int"] * count)


def converted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are looked through from here on."""
    seen: list[str] = []
    split = _queries._split_query

    def noted(query: bytes, *rest: Any) -> Any:
        seen.append(query.decode())
        return split(query, *rest)

    monkeypatch.setattr(_queries, "_split_query", noted)
    return seen


def test_a_statement_with_many_parameters_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cursors._converted.cache_clear()
    seen, text = converted(monkeypatch), f"SELECT {places(80)}, '100 %%'"
    with connection.cursor() as cursor:
        for first in (1, 2, 3):
            cursor.execute(text, [first, *range(2, 81)])
            assert cursor.fetchone() == (first, *range(2, 81), "100 %")
    assert len(seen) == 1


@pytest.mark.parametrize("count", [1, cursors.MOST_PLACES + 1])
def test_statements_say_the_same_by_place_and_by_name(count: int) -> None:
    numbers = list(range(count))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {places(count)}", numbers)
        assert list(cursor.fetchone() or ()) == numbers
        cursor.execute("SELECT %(b)s::int, %(a)s::text, %(b)s::int + 1", {"a": "x", "b": 7})
        assert cursor.fetchone() == (7, "x", 8)
        cursor.execute("SELECT '100 %'")
        assert cursor.fetchone() == ("100 %",)
