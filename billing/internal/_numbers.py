"""Taking the next number of a series."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from billing import numbering
from billing.models import NumberCounter, NumberSeries
from core import errors, failpoints, ids, tenancy

# The counter's row stays locked until the transaction ends: whoever comes next waits, and a rollback gives the number
# back. Instants never run backwards along the numbers, even if two workers' clocks differ.
# The series is held against a change of its format; any number of documents may hold it at the same time.
_TAKE = """
WITH series AS (
  SELECT id, format, reset FROM billing_numberseries WHERE environment_id = %(here)s AND code = %(code)s FOR KEY SHARE)
INSERT INTO billing_numbercounter AS counter (id, environment_id, series_id, bucket, last, last_issued_at)
SELECT %(id)s, %(here)s, series.id, %(buckets)s::jsonb ->> series.reset, %(count)s::bigint, %(now)s FROM series
ON CONFLICT (environment_id, series_id, bucket) DO UPDATE
SET last = counter.last + EXCLUDED.last, last_issued_at = GREATEST(counter.last_issued_at, EXCLUDED.last_issued_at)
RETURNING id, last, last_issued_at, (SELECT format FROM series)
"""


_HOLD = "SELECT * FROM billing_numberseries WHERE code = %s AND environment_id = %s FOR KEY SHARE"


class NumberingInUse(errors.Conflict):
    code = "numbering_in_use"
    title = "The series has given a number already; its format no longer changes."


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A number that belongs to the transaction it was taken in; `issued_at` is `now`, or later if clocks differ."""

    counter_id: UUID
    sequence: int
    number: str
    issued_at: datetime


def take(code: str, *, now: datetime) -> Taken:
    """This function will take the next number of the environment's series, which is made at its first use.

    :raises KeyError: if there is no such series.
    """
    return take_many(code, 1, now=now)[0]


def take_many(code: str, count: int, *, now: datetime) -> list[Taken]:
    """This function will take so many numbers in a row, as `take` does one after the other, by one statement."""
    taken = _taken(code, count, now)
    if taken is None:
        _series(code, now)
        taken = _taken(code, count, now)
    assert taken is not None  # noqa: S101 - for the type checker
    counter_id, last, issued_at, pattern = taken
    if __debug__:
        failpoints.reach("billing.number_taken")
    at = issued_at.astimezone(UTC)
    return [
        Taken(
            counter_id=counter_id, sequence=sequence, number=numbering.number(pattern, sequence=sequence, at=at),
            issued_at=issued_at,
        )
        for sequence in range(last - count + 1, last + 1)
    ]  # fmt: skip


def _taken(code: str, count: int, now: datetime) -> tuple[UUID, int, datetime, str] | None:
    """None where the series is not there yet."""
    buckets = {reset.value: numbering.bucket(reset, now.astimezone(UTC)) for reset in NumberSeries.Reset}
    values: dict[str, Any] = {
        "id": ids.new(), "here": tenancy.environment_id(), "code": code, "buckets": Jsonb(buckets), "now": now,
        "count": count,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        found: tuple[UUID, int, datetime, str] | None = cursor.fetchone()
    return found


def configure_series(code: str, *, pattern: str, reset: str, now: datetime) -> NumberSeries:
    """This function will decide how a series writes its numbers, before its first one.

    :raises billing.numbering.NumberFormatInvalid: if the pattern would write one number twice, or none.
    :raises NumberingInUse: once a number has been given: a new pattern could meet an old number.
    """
    numbering.check(pattern, reset=reset)
    series = NumberSeries.objects.select_for_update().get(pk=_series(code, now).pk)
    if NumberCounter.objects.filter(series=series).exists():
        raise NumberingInUse(series=code)
    series.format, series.reset = pattern, reset
    series.save(update_fields=["format", "reset"])
    return series


def _series(code: str, now: datetime) -> NumberSeries:
    found = _held(code)
    if found is None:
        new = NumberSeries(code=code, format=numbering.SERIES[code], created_at=now)
        NumberSeries.objects.bulk_create([new], ignore_conflicts=True)
        found = _held(code)
    assert found is not None  # noqa: S101 - for the type checker
    return found


def _held(code: str) -> NumberSeries | None:
    """The series, held against a change of its format; any number of documents may hold it at the same time."""
    return next(iter(NumberSeries.objects.raw(_HOLD, [code, tenancy.environment_id()])), None)
