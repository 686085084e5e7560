"""Which coupons agreements hold."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from core.tenancy import environment_id

_COLUMNS = ("id", "coupon_id", "code", "name", "cycles_used", "redeemed_at")
# With every subscription that is shown: one prepared statement, however many there are.
_HELD = """
SELECT r.reference, r.id, r.coupon_id, c.code, c.name, r.cycles_used, r.redeemed_at
  FROM billing_couponredemption r JOIN billing_coupon c ON c.id = r.coupon_id
 WHERE r.environment_id = %s AND r.reference = ANY(%s) AND r.released_at IS NULL
 ORDER BY r.id
"""


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
    found: dict[str, tuple[RedemptionView, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [environment_id(), list(references)])
        for reference, *columns in cursor.fetchall():
            view = RedemptionView(**dict(zip(_COLUMNS, columns, strict=True)))
            found[reference] = (*found.get(reference, ()), view)
    return found
