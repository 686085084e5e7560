"""Which coupons agreements hold."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from core.tenancy import environment_id

_COLUMNS = ("id", "coupon_id", "code", "name", "cycles_used", "redeemed_at")
# With every subscription that is shown: one prepared statement, however many there are.
_HELD = """
SELECT r.reference, r.id, r.coupon_id, c.code, c.name, r.cycles_used, r.redeemed_at
  FROM billing_couponredemption r JOIN billing_coupon c ON c.id = r.coupon_id
 WHERE r.environment_id = %s AND r.reference = ANY(%s) AND r.released_at IS NULL AND r.removed_at IS NULL
 ORDER BY r.id
"""
# Whether an agreement (a public id) of the environment that a row of `table` is in holds any: for statements of others.
HOLDS_COUPONS = """
    EXISTS (SELECT 1 FROM billing_couponredemption held
             WHERE held.environment_id = {table}.environment_id AND held.reference = %s
               AND held.released_at IS NULL AND held.removed_at IS NULL)
"""
# Those that reduce every invoice there will be, with what they take off; or did so before they were taken off.
_FOREVER = """
SELECT r.reference, r.redeemed_at, r.removed_at, c.id, c.percent, c.amount_minor, c.plans, c.prices
  FROM billing_couponredemption r JOIN billing_coupon c ON c.id = r.coupon_id
 WHERE r.environment_id = %s AND r.reference = ANY(%s) AND r.released_at IS NULL
   AND (r.removed_at IS NULL OR %s) AND c.duration = 'forever' AND c.applies_until IS NULL
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


@dataclass(frozen=True, kw_only=True)
class ForeverCoupon:
    """A coupon without an end that an agreement holds: a `percent` of 100, or an `amount_minor` of each invoice.

    `plans` and `prices` are the public ids of what it is for; without any it is for everything.
    """

    coupon_id: UUID
    percent: Decimal | None
    amount_minor: int | None
    redeemed_at: datetime
    removed_at: datetime | None = None
    plans: frozenset[str] = frozenset()
    prices: frozenset[str] = frozenset()


def list_redemptions(references: Collection[str]) -> dict[str, tuple[RedemptionView, ...]]:
    """This function will return what agreements (public ids) hold, the oldest first, in one query.

    A coupon that was given back or taken off is left out, and so is an agreement that holds none.
    """
    found: dict[str, tuple[RedemptionView, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [environment_id(), list(references)])
        for reference, *columns in cursor.fetchall():
            view = RedemptionView(**dict(zip(_COLUMNS, columns, strict=True)))
            found[reference] = (*found.get(reference, ()), view)
    return found


def list_forever(references: Collection[str], *, also_removed: bool = False) -> dict[str, tuple[ForeverCoupon, ...]]:
    """This function will return the coupons without an end that agreements (public ids) hold, the oldest first.

    One query; an agreement that holds none is left out. `also_removed` is with those that were taken off meanwhile.
    """
    found: dict[str, tuple[ForeverCoupon, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_FOREVER, [environment_id(), list(references), also_removed])
        for reference, redeemed_at, removed_at, coupon_id, percent, amount_minor, plans, prices in cursor.fetchall():
            one = ForeverCoupon(
                coupon_id=coupon_id, percent=percent, amount_minor=amount_minor, redeemed_at=redeemed_at,
                removed_at=removed_at, plans=frozenset(plans), prices=frozenset(prices),
            )  # fmt: skip
            found[reference] = (*found.get(reference, ()), one)
    return found
