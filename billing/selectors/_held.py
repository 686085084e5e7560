"""Which coupons agreements hold."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.models import CouponRedemption


@dataclass(frozen=True, kw_only=True)
class RedemptionView:
    """A coupon that an agreement holds; `cycles_used` counts the invoices it has reduced."""

    id: UUID
    coupon_id: UUID
    code: str
    name: str
    cycles_used: int
    redeemed_at: datetime


def list_redemptions(references: Collection[str]) -> dict[str, tuple[RedemptionView, ...]]:
    """This function will return what agreements (public ids) hold, the oldest first, in one query.

    A coupon that was given back is left out, and so is an agreement that holds none.
    """
    rows = CouponRedemption.objects.held().filter(reference__in=references).select_related("coupon").order_by("id")
    found: dict[str, tuple[RedemptionView, ...]] = {}
    for row in rows:
        view = RedemptionView(
            id=row.id, coupon_id=row.coupon_id, code=row.coupon.code, name=row.coupon.name,
            cycles_used=row.cycles_used, redeemed_at=row.redeemed_at,
        )  # fmt: skip
        found[row.reference] = (*found.get(row.reference, ()), view)
    return found
