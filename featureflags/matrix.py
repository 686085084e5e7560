"""What holds where: every feature beside every environment, for the console."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core import tenancy
from core.models import Environment
from featureflags import selectors
from featureflags.selectors import FlagView

# A page's width; an installation with more environments sees the rest in the list below it.
MOST_COLUMNS = 6


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """`environments` are the names of the columns; a row is a feature and what holds of it in each of them."""

    environments: tuple[str, ...]
    rows: tuple[tuple[str, tuple[FlagView, ...]], ...]
    is_cut: bool


def build() -> Matrix:
    """This function will return what holds in the first environments, by the names of their tenants."""
    found = list(Environment.objects.of_tenants().select_related("tenant").order_by("tenant__slug", "slug"))
    shown = found[:MOST_COLUMNS]
    columns = [_flags(environment) for environment in shown]
    rows = tuple((name, _row(name, columns)) for name in sorted({name for column in columns for name in column}))
    return Matrix(environments=tuple(map(str, shown)), rows=rows, is_cut=len(found) > len(shown))


def _flags(environment: Environment) -> dict[str, FlagView]:
    with tenancy.scope(environment.as_scope()):
        return {flag.name: flag for flag in selectors.list_flags()}


def _row(name: str, columns: Sequence[Mapping[str, FlagView]]) -> tuple[FlagView, ...]:
    return tuple(column.get(name) or selectors.get_undecided(name) for column in columns)
