"""Answers about features."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import structlog

from core import ids, tenancy
from featureflags import decisions, resolution
from featureflags.models import FlagOverride

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class FlagView:
    """A feature in the environment in force. `source` says who decided: variable, document, override or default.

    `override` is the operator's row, also where something above it decides.
    """

    name: str
    is_on: bool
    source: str
    override: FlagOverride | None


@lru_cache(maxsize=1)
def configured() -> resolution.Configured:
    """This function will return what the process environment says; what it cannot mean is logged, once."""
    found = resolution.read_environment(os.environ)
    for name in found.ignored:
        log.warning("featureflags.ignored", variable=name)
    return found


def find_answer(name: str, *, customer_id: UUID | None = None) -> bool | None:
    """This function will return what an operator has decided about a feature for a customer, if anything.

    The environment's own decision counts before one that holds everywhere. Outside an environment nobody decided.
    """
    return _decided(name, _rows_here(), customer_id=customer_id)[1]


def is_configured(name: str) -> bool:
    """This function will tell whether the process environment decides a feature, so that no operator can."""
    found = configured()
    return name.upper() in found.variables or name in found.document


def list_flags(*, customer_id: UUID | None = None) -> tuple[FlagView, ...]:
    """This function will return every feature anybody has named, in the order of their names."""
    found, rows = configured(), _rows_here()
    decided = {row.name for row in rows}
    named = {*resolution.DEFAULTS, *found.document, *(name.lower() for name in found.variables), *decided}
    return tuple(_view(name, rows, customer_id) for name in sorted(named))


def get_undecided(name: str) -> FlagView:
    """This function will return what holds of a feature where no operator has decided about it."""
    return _view(name, (), None)


def _rows_here() -> tuple[FlagOverride, ...]:
    scope = tenancy.current()
    return decisions.of(scope.environment_id).rows if isinstance(scope, tenancy.Scope) else ()


def _decided(
    name: str, rows: Iterable[FlagOverride], *, customer_id: UUID | None
) -> tuple[FlagOverride | None, bool | None]:
    """The first decision about a feature that has an answer for the subject, or the first one, without an answer."""
    answers = [(row, _answer(row, customer_id=customer_id)) for row in rows if row.name == name]
    first = (answers[0][0], None) if answers else (None, None)
    return next((one for one in answers if one[1] is not None), first)


def _view(name: str, rows: Iterable[FlagOverride], customer_id: UUID | None) -> FlagView:
    row, answer = _decided(name, rows, customer_id=customer_id)
    is_on = resolution.resolve(name, configured(), override=answer)
    return FlagView(name=name, is_on=is_on, source=_source(name, answer), override=row)


def _source(name: str, answer: bool | None) -> str:
    found = configured()
    if name.upper() in found.variables:
        return "variable"
    if name in found.document:
        return "document"
    return "default" if answer is None else "override"


def _answer(row: FlagOverride, *, customer_id: UUID | None) -> bool | None:
    decided = resolution.Override(
        enabled=row.is_on, percentage=row.percentage, tenants=frozenset(row.tenants),
        customers=frozenset(row.customers),
    )  # fmt: skip
    scope = tenancy.require()
    customer = ids.encode("cus", customer_id) if customer_id else None
    return resolution.answer_of(decided, row.name, tenant=ids.encode("tnt", scope.tenant_id), customer=customer)
