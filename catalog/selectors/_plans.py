"""Asking for plans and their versions."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db import connection

from catalog.models import Plan, PlanFeature, PlanVersion
from catalog.selectors._ids import decoded
from catalog.selectors._terms import FeatureTerms, PlanTerms, price_terms
from core import errors, tenancy

# A published version never changes, nor do its prices and features: triggers see to that. What a process has read of
# one it keeps, for as long as its row and its plan's are the ones that were read: a row that is written anew has
# another `xmin`, also where the first writing was rolled back.
MOST_KEPT = 1000
_EDITION = """
SELECT v.id, v.xmin::text || ' ' || p.xmin::text, v.published_at IS NOT NULL
  FROM catalog_planversion v JOIN catalog_plan p ON p.id = v.plan_id
"""
_OF_VERSION = f"{_EDITION} WHERE v.environment_id = %s AND v.id = %s"
_OF_VERSIONS = f"{_EDITION} WHERE v.environment_id = %s AND v.id = ANY(%s)"
_CURRENT = (
    f"{_EDITION} WHERE v.environment_id = %s AND v.plan_id = %s AND v.published_at IS NOT NULL"
    " ORDER BY v.number DESC LIMIT 1"
)


class PlanNotPublished(errors.Conflict):
    code = "plan_not_published"
    title = "The plan has no published version."


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """A plan without its terms."""

    id: UUID
    public_id: str
    code: str
    name: str
    family: str | None
    archived_at: datetime | None


def get_terms(plan_version_id: UUID) -> PlanTerms:
    """This function will return the terms of a version, published or not.

    :raises core.errors.NotFound: if there is no such version.
    """
    found = _edition(_OF_VERSION, plan_version_id)
    if found is None:
        raise errors.NotFound
    return _of(*found)


def list_terms(plan_version_ids: Collection[UUID]) -> dict[UUID, PlanTerms]:
    """This function will return the terms of those of these versions that exist, published or not, by id."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_VERSIONS, [tenancy.environment_id(), list(plan_version_ids)])
        found = cursor.fetchall()
    return {version_id: _of(version_id, edition, is_published) for version_id, edition, is_published in found}


def get_current_terms(plan_id: UUID) -> PlanTerms:
    """This function will return the terms of the newest published version.

    :raises core.errors.NotFound: if there is no such plan.
    :raises PlanNotPublished: if the plan has only a draft.
    """
    found = _edition(_CURRENT, plan_id)
    if found is not None:
        return _of(*found)
    if Plan.objects.filter(pk=plan_id).exists():
        raise PlanNotPublished
    raise errors.NotFound


def _edition(statement: str, key: UUID) -> tuple[UUID, str, bool] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [tenancy.environment_id(), key])
        found: tuple[UUID, str, bool] | None = cursor.fetchone()
    return found


def _of(version_id: UUID, edition: str, is_published: bool) -> PlanTerms:
    return _kept(tenancy.environment_id(), version_id, edition) if is_published else _read(version_id)


@lru_cache(maxsize=MOST_KEPT)
def _kept(_environment_id: UUID, version_id: UUID, _edition: str) -> PlanTerms:
    return _read(version_id)


def _read(version_id: UUID) -> PlanTerms:
    return _terms(PlanVersion.objects.with_terms().get(pk=version_id))


def find_plan(code_or_public_id: str) -> PlanView | None:
    """This function will return the plan of a public id or of a code; the id wins."""
    plan_id = decoded(Plan.prefix, code_or_public_id)
    row = Plan.objects.filter(pk=plan_id).first() if plan_id else None
    row = row or Plan.objects.filter(code=code_or_public_id).first()
    if row is None:
        return None
    return PlanView(
        id=row.id, public_id=row.public_id, code=row.code, name=row.name, family=row.family, archived_at=row.archived_at
    )


def _terms(row: PlanVersion) -> PlanTerms:
    plan = row.plan
    return PlanTerms(
        plan_id=plan.id, plan_public_id=plan.public_id, version_id=row.id, version_number=row.number, code=plan.code,
        name=plan.name, family=plan.family, trial_days=plan.trial_days, archived_at=plan.archived_at,
        proration_basis=plan.proration_basis, prices=tuple(price_terms(one) for one in row.prices.all()),
        features=tuple(_feature(one) for one in row.features.all()),
    )  # fmt: skip


def _feature(row: PlanFeature) -> FeatureTerms:
    return FeatureTerms(
        code=row.code, name=row.name, kind=row.kind, value=row.value, limit=row.limit, limit_kind=row.limit_kind,
        reset=row.reset,
    )  # fmt: skip
