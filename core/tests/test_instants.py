"""Instants, read as Django reads them."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import BaseTzLoader

from core.postgres.instants import Instants

WRITTEN = (
    "2026-01-31 12:00:00+00", "2026-01-31 12:00:00.5+00", "2026-01-31 12:00:00.000005+00", "0001-01-01 00:00:00+00",
    "9999-12-31 00:00:00+00", "1900-02-28 23:59:59.12+00", "2026-07-01 12:00:00+05:30",
    "1850-01-01 00:00:00-00:01:15",
)  # fmt: skip


class Django(BaseTzLoader):  # type: ignore[misc]
    timezone = UTC


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu"])
@pytest.mark.parametrize("written", WRITTEN)
def test_an_instant_is_what_django_reads(written: str, zone: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
        raw: Any = cursor.connection
        answer = cursor.execute("SELECT %s::timestamptz", [written]).pgresult.get_value(0, 0)
        found, expected = (loader(1184, raw).load(answer) for loader in (Instants, Django))
        cursor.execute("SELECT set_config('TimeZone', 'UTC', true)")
    assert (found, found.tzinfo) == (expected, expected.tzinfo)


@pytest.mark.django_db
@pytest.mark.parametrize("strange", ["infinity", "0044-03-15 12:00:00+00 BC", "12000-01-01 00:00:00+00"])
def test_what_python_has_no_instant_for_is_refused_as_django_refuses_it(strange: str) -> None:
    with connection.cursor() as cursor:
        raw: Any = cursor.connection
    for loader in (Instants, Django):
        with pytest.raises(psycopg.DataError):
            loader(1184, raw).load(strange.encode())


@pytest.mark.django_db
def test_every_query_reads_them_so() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", ["2026-01-31T13:00:00+01:00"])
        assert cursor.fetchone() == (datetime(2026, 1, 31, 12, tzinfo=UTC),)
        assert cursor.adapters.get_loader(1184, psycopg.pq.Format.TEXT) is Instants
