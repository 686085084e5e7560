"""Coupons that are taken off an agreement.

What they have reduced stays. One that has reduced nothing yet is given back, as if it had never been redeemed; any
other stays counted, with its end.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import coupons
from billing.internal._coupons import CouponUnknown, give_back, told
from billing.models import Coupon, CouponRedemption
from billing.signals import CouponRemoved
from core import errors, events
from core.actor import Actor


class CouponNotHeld(errors.Conflict):
    """`coupon` is the code."""

    code = "coupon_not_held"
    title = "The coupon was never redeemed for this."


def removable(codes: Sequence[str], *, reference: str) -> tuple[UUID, ...]:
    """This function will return the redemptions behind codes that an agreement (public id) still holds.

    What was taken off or given back before is left out: that is so already.

    :raises CouponUnknown: if there is no such code.
    :raises CouponNotHeld: if one was never redeemed for the agreement.
    """
    wanted = [coupons.canonical(code) for code in codes]
    if not wanted:
        return ()
    known = set(Coupon.objects.filter(code__in=wanted).values_list("code", flat=True))
    rows = list(CouponRedemption.objects.about(reference).filter(coupon__code__in=wanted).select_related("coupon"))
    redeemed = {row.coupon.code for row in rows}
    for code in wanted:
        if code not in known:
            raise CouponUnknown(coupon=code)
        if code not in redeemed:
            raise CouponNotHeld(coupon=code)
    return tuple(row.pk for row in rows if row.released_at is None and row.removed_at is None)


@transaction.atomic
def remove(redemptions: Sequence[UUID], *, actor: Actor, now: datetime) -> tuple[str, ...]:
    """This function will take coupons off what they are held for, whose customer is locked, and return their codes."""
    rows = CouponRedemption.objects.held().filter(pk__in=redemptions).select_related("coupon")
    taken_off = list(rows.select_for_update(of=("self",)).order_by("coupon_id"))
    for row in taken_off:
        _take_off(row, actor=actor, now=now)
    return tuple(row.coupon.code for row in taken_off)


def _take_off(row: CouponRedemption, *, actor: Actor, now: datetime) -> None:
    if row.cycles_used == 0:
        give_back(row, actor=actor, now=now)
        return
    # What was due earlier may be made up for later, when the coupon has been redeemed meanwhile.
    row.removed_at = max(now, row.redeemed_at)
    row.save(update_fields=["removed_at"])
    events.publish(CouponRemoved(subject=row.public_id, actor=actor.label, at=now, **told(row)))
