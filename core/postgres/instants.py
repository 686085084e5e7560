"""Instants as PostgreSQL writes them, read in one step: most of what is read of a row is instants."""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg.adapt import Loader


class Instants(BaseTzLoader):  # type: ignore[misc]
    """Reads what Django's own loader reads, and leaves to it what is written otherwise: another zone, a year B.C."""

    timezone = UTC

    def __init__(self, oid: int, context: Any = None) -> None:
        # Django's would look into the connection's settings for each answer; here only what is strange needs them.
        Loader.__init__(self, oid, context)

    def load(self, data: Any) -> datetime:
        """This function will return the instant in UTC."""
        try:
            found = datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            return self._strange(data)
        return found if found.tzinfo is UTC else self._strange(data)

    def _strange(self, data: Any) -> datetime:
        found: datetime = _Django(self.oid, self.connection).load(data)
        return found


class _Django(BaseTzLoader):  # type: ignore[misc]
    timezone = UTC
