"""Answers about coupons."""

from collections.abc import Collection
from uuid import UUID

from billing.models import Coupon
from core import errors, ids


def most_redeemed(number: int) -> list[tuple[str, int]]:
    """This function will return the codes of the coupons that most customers hold, and how many hold each."""
    rows = Coupon.objects.filter(redeemed__gt=0).order_by("-redeemed", "-id")
    return list(rows.values_list("code", "redeemed")[:number])


def list_coupon_codes(public_ids: Collection[str]) -> dict[str, str]:
    """This function will return the codes of coupons by their public ids, in one query; other ids are left out."""
    keys = [key for key in map(_decoded, public_ids) if key is not None]
    return {row.public_id: row.code for row in Coupon.objects.filter(pk__in=keys)}


def _decoded(text: str) -> UUID | None:
    try:
        return ids.decode(Coupon.prefix, text)
    except errors.NotFound:
        return None
