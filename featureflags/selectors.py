"""Answers about features."""

import os
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import structlog

from core import ids, tenancy
from featureflags import resolution
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

    One indexed read and no cache: a decision holds in every process at once. Outside an environment nobody decided.
    """
    if not isinstance(tenancy.current(), tenancy.Scope):
        return None
    row = FlagOverride.objects.filter(name=name).first()
    return _answer(row, customer_id=customer_id) if row else None


def is_configured(name: str) -> bool:
    """This function will tell whether the process environment decides a feature, so that no operator can."""
    found = configured()
    return name.upper() in found.variables or name in found.document


def list_flags(*, customer_id: UUID | None = None) -> tuple[FlagView, ...]:
    """This function will return every feature anybody has named, in the order of their names."""
    overrides = {row.name: row for row in FlagOverride.objects.all()}
    found = configured()
    named = {*resolution.DEFAULTS, *found.document, *(name.lower() for name in found.variables), *overrides}
    return tuple(_view(name, overrides.get(name), customer_id) for name in sorted(named))


def _view(name: str, row: FlagOverride | None, customer_id: UUID | None) -> FlagView:
    answer = _answer(row, customer_id=customer_id) if row else None
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
    decided = resolution.Override(enabled=row.is_on, percentage=row.percentage, customers=frozenset(row.customers))
    scope = tenancy.require()
    customer = ids.encode("cus", customer_id) if customer_id else None
    return resolution.answer_of(decided, row.name, tenant=ids.encode("tnt", scope.tenant_id), customer=customer)
