"""The months of the events table: which there are, and the SQL that makes one.

The application's role may not make tables, so months are made ahead: by the first migration and, later, by
`manage.py partition_usage`. An event outside all of them is kept by the DEFAULT partition and counts just the same.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from psycopg import Connection

TABLE: Final = "usage_usageevent"
DEFAULT: Final = "usage_usageevent_default"
_ASIDE: Final = "usage_usageevent_aside"
# Each month is a handful of files and locks; more than ten years ahead help nobody.
MOST_MONTHS: Final = 120

_FENCED = """
ALTER TABLE {partition} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {partition} FORCE ROW LEVEL SECURITY;
CREATE POLICY environment_fence ON {partition}
USING (environment_id = NULLIF(current_setting('app.environment_id', true), '')::uuid
       OR NULLIF(current_setting('app.system_reason', true), '') IS NOT NULL);
DO $revoke$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN
    REVOKE ALL ON {partition} FROM {role};
  END IF;
END $revoke$;
"""


def months(first: date, count: int) -> Iterator[date]:
    """This function will yield the first days of `count` months, from the month of a date on."""
    start = first.year * 12 + first.month - 1
    for number in range(start, start + count):
        yield date(number // 12, number % 12 + 1, 1)


def name_of(month: date) -> str:
    """This function will return the name of the partition of a month, such as `usage_usageevent_2026_01`."""
    return f"{TABLE}_{month:%Y_%m}"


def create_month(month: date, role: str) -> str:
    """This function will return the SQL that makes a month's partition, out of reach for the application's `role`.

    The application reads and writes through the parent, whose policy then decides; the partition has the same one.
    """
    after = next(months(date(month.year + month.month // 12, month.month % 12 + 1, 1), 1))
    bounds = f"FROM ('{month.isoformat()} 00:00:00+00') TO ('{after.isoformat()} 00:00:00+00')"
    return _create(name_of(month), f"FOR VALUES {bounds}", role)


def create_default(role: str) -> str:
    """This function will return the SQL that makes the partition of all other months."""
    return _create(DEFAULT, "DEFAULT", role)


def _create(partition: str, values: str, role: str) -> str:
    return f"CREATE TABLE {partition} PARTITION OF {TABLE} {values};" + _FENCED.format(partition=partition, role=role)


def make(owner: Connection[Any], wanted: Iterable[date], role: str) -> list[str]:
    """This function will make the months that are missing, as the tables' owner, and return their names.

    Events that the DEFAULT partition kept for such a month move into it. The caller commits.
    """
    missing = [month for month in wanted if not _exists(owner, name_of(month))]
    if not missing:
        return []
    # Nobody writes meanwhile, and the owner is bound by row security like everybody else.
    owner.execute(f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE")
    owner.execute("SELECT set_config('app.system_reason', 'usage: make partitions', true)")
    _set_default_aside(owner)
    for statement in (*(create_month(month, role) for month in missing), create_default(role)):
        owner.execute(statement)
    owner.execute(f"INSERT INTO {TABLE} SELECT * FROM {_ASIDE}")  # noqa: S608 - our own names
    owner.execute(f"DROP TABLE {_ASIDE}")
    return [name_of(month) for month in missing]


def _exists(owner: Connection[Any], table: str) -> bool:
    found = owner.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
    return bool(found and found[0])


def _set_default_aside(owner: Connection[Any]) -> None:
    """Detached it keeps its rows, and a new month is not checked against them."""
    owner.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {DEFAULT}")
    owner.execute(f"ALTER TABLE {DEFAULT} RENAME TO {_ASIDE}")
