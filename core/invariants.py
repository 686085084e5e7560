"""Rules about the whole database, each one query that returns the rows that break it.

Apps register theirs in `invariants.py`; `manage.py check_invariants` proves them on a live database. A rule that can
also be a constraint is one as well: this is for what constraints cannot see, and against whoever switched them off.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from core import events
from core.tenancy.system import system_scope

# How many offending rows a rule reports; one is enough to be broken.
MOST_ROWS = 50


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`sql` selects what breaks the rule: a text `id` first, and the `environment_id`.

    It may be a function, for a rule that is made of what the apps have registered.
    """

    code: str
    title: str
    sql: str | Callable[[], str]

    def query(self) -> str:
        """This function will return the query that selects what breaks the rule."""
        return self.sql if isinstance(self.sql, str) else self.sql()


_rules: dict[str, Rule] = {}


def rule(code: str, title: str, sql: str | Callable[[], str]) -> None:
    """This function will register a rule under a code such as `billing.journal_zero_sum`."""
    if code in _rules:
        raise ValueError(f"{code} is registered twice")
    _rules[code] = Rule(code=code, title=title, sql=sql)


def rules() -> list[Rule]:
    """This function will return every rule, by code."""
    return [_rules[code] for code in sorted(_rules)]


def broken(code: str) -> list[dict[str, Any]]:
    """This function will return the rows that break a rule, over all environments; empty means healthy."""
    events.flush()
    with system_scope(f"invariant {code}"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({_rules[code].query()}) offending LIMIT {MOST_ROWS}")  # noqa: S608 - our own rules
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
