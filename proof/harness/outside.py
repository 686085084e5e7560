"""What a proof does to the database from outside the house, as a superuser whom no fence stops."""

import os
from collections.abc import Sequence
from typing import Any, Self

import psycopg

from local.engines import databases

_RUN_OUT = """
UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second'
WHERE state = 'running' AND lease_owner = ANY(%s)
"""
# Whoever stands still in the middle of a transaction holds its rows. Nobody can wait for him who is to wake him up.
_RUN_OUT_UNLOCKED = """
WITH free AS (SELECT id FROM jobs_job WHERE state = 'running' AND lease_owner = %s FOR UPDATE SKIP LOCKED)
UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second' WHERE id IN (TABLE free)
"""
_HURRY = "UPDATE jobs_job SET available_at = clock_timestamp() WHERE state = 'failed'"
_STALE = """
UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second'
WHERE state = 'running' AND started_at < clock_timestamp() - interval '8 seconds'
"""
_SET_CLOCK = "UPDATE core_environment SET clock_at = %s WHERE slug = 'sandbox'"
# A request whose process died while a gateway was asked.
_ABANDONED = """
UPDATE core_idempotencyrecord SET locked_until = clock_timestamp() - interval '1 second' WHERE state = 'in_flight'
"""
_UNFINISHED = """
SELECT (SELECT count(*) FROM jobs_job WHERE state NOT IN ('succeeded', 'discarded'))
     + (SELECT count(*) FROM outbox_outboxevent WHERE sequence IS NULL) + (SELECT count(*) FROM audit_unsealed)
"""


class Outside:
    """One superuser's connection to a proof's database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)

    @classmethod
    def of(cls, database: str) -> Self:
        """This function will connect to a database of the cluster that `DATABASE_ADMIN_URL` names."""
        return cls(databases.swap(os.environ["DATABASE_ADMIN_URL"], database))

    def close(self) -> None:
        self.connection.close()

    def run(self, statement: str, values: Sequence[Any] = ()) -> None:
        """This function will run one statement."""
        self.connection.execute(statement, values)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """This function will return the rows of a query."""
        return self.connection.execute(statement, values).fetchall()

    def one(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """This function will return the first value of a query."""
        return self.rows(statement, values)[0][0]

    def run_leases_out(self, owners: Sequence[str]) -> None:
        """This function will let a minute pass for what these owners hold, so that nobody has to wait for it."""
        self.run(_RUN_OUT, [list(owners)])

    def run_leases_of_stopped_out(self, owner: str) -> None:
        """This function will do so for a process that is stopped, leaving out the rows that its transaction holds."""
        self.run(_RUN_OUT_UNLOCKED, [owner])

    def skip_waits(self) -> None:
        """This function will have failed jobs tried again at once, and take leases from whoever is not heard of."""
        self.run(_HURRY)
        self.run(_STALE)
        self.run(_ABANDONED)

    def set_clock(self, at: Any) -> None:
        """This function will freeze the sandbox's clock at an instant."""
        self.run(_SET_CLOCK, [at])

    def unfinished(self) -> int:
        """This function will return how many jobs, facts and audit entries are not through yet; dead jobs count."""
        return int(self.one(_UNFINISHED))
