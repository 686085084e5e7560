"""Answers about coupons."""

from billing.models import Coupon


def most_redeemed(number: int) -> list[tuple[str, int]]:
    """This function will return the codes of the coupons that most customers hold, and how many hold each."""
    rows = Coupon.objects.filter(redeemed__gt=0).order_by("-redeemed", "-id")
    return list(rows.values_list("code", "redeemed")[:number])
