"""Asking for plans and their versions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.models import Plan, PlanFeature, PlanVersion
from catalog.selectors._ids import decoded
from catalog.selectors._terms import FeatureTerms, PlanTerms, price_terms
from core import errors


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
    row = PlanVersion.objects.with_terms().filter(pk=plan_version_id).first()
    if row is None:
        raise errors.NotFound
    return _terms(row)


def get_current_terms(plan_id: UUID) -> PlanTerms:
    """This function will return the terms of the newest published version.

    :raises core.errors.NotFound: if there is no such plan.
    :raises PlanNotPublished: if the plan has only a draft.
    """
    row = PlanVersion.objects.with_terms().published().filter(plan_id=plan_id).first()
    if row is not None:
        return _terms(row)
    if Plan.objects.filter(pk=plan_id).exists():
        raise PlanNotPublished
    raise errors.NotFound


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
