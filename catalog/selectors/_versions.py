"""Asking for the versions of a plan without their terms."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.models import PlanVersion


@dataclass(frozen=True, kw_only=True)
class VersionView:
    """One edition of a plan; a draft has no `published_at`."""

    id: UUID
    public_id: str
    plan_id: UUID
    number: int
    published_at: datetime | None


def list_versions(plan_id: UUID) -> tuple[VersionView, ...]:
    """This function will return the versions of a plan, the newest first."""
    rows = PlanVersion.objects.filter(plan_id=plan_id).order_by("-number")
    return tuple(
        VersionView(
            id=row.id, public_id=row.public_id, plan_id=row.plan_id, number=row.number, published_at=row.published_at
        )
        for row in rows
    )  # fmt: skip
