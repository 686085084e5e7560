"""Cursors that read the text of a statement once: whoever writes it for each shape needs it converted once, too."""

from functools import lru_cache
from typing import Any, Final

from django.db.backends.postgresql.base import ServerBindingCursor
from psycopg._queries import PostgresQuery, _query2pg_nocache

# psycopg itself looks anew for the places of more than fifty parameters, which takes it longer than PostgreSQL takes
# to insert the row.
MOST_PLACES: Final = 400
LONGEST: Final = 32_768


@lru_cache(maxsize=400)
def _converted(text: str, encoding: str) -> Any:
    return _query2pg_nocache(text.encode(encoding), encoding)


class Converted(PostgresQuery):
    """A statement with the places of its parameters, found once for each text."""

    def convert(self, query: Any, vars: Any) -> None:  # noqa: A002 - psycopg's name
        """This function will make the statement ready to be sent with its parameters."""
        if vars is None or not isinstance(query, str) or len(query) > LONGEST or len(vars) > MOST_PLACES:
            super().convert(query, vars)
            return
        self.query, self._want_formats, self._order, self._parts = _converted(query, self._tx.encoding)
        self.dump(vars)


class Cursor(ServerBindingCursor):
    """psycopg's, which waits for what came of a statement that was sent ahead as soon as anybody asks."""

    _query_cls = Converted

    @property
    def rowcount(self) -> int:
        """How many rows were found or changed."""
        self._fetch_pipeline()  # type: ignore[attr-defined]
        return int(super().rowcount)  # type: ignore[misc]

    @property
    def description(self) -> Any:
        """The columns of what was found."""
        self._fetch_pipeline()  # type: ignore[attr-defined]
        return super().description  # type: ignore[misc]
