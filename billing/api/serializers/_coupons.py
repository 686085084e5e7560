"""The bodies of coupons. Whether a coupon's members go together is the verb's question."""

from rest_framework import serializers

from billing.models import Coupon
from core.http.serializers import (
    Choice,
    Currency,
    DecimalText,
    Instant,
    Minor,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictInt,
    StrictString,
)

CODE = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
MOST_SCOPES = 100
# Beyond any campaign, and within the column.
MOST_TIMES = 2_000_000_000


def _scopes() -> serializers.ListField:
    return serializers.ListField(child=StrictString(max_length=64), required=False, max_length=MOST_SCOPES)


class UpdateCoupon(RequestBody):
    """`plans` are codes or ids, `prices` ids. Once the coupon is redeemed, only its name and limits can change."""

    name = StrictString(max_length=200, required=False)
    percent = DecimalText(max_digits=9, decimal_places=6, max_value=100, required=False, allow_null=True)
    amount_minor = Minor(required=False, allow_null=True)
    currency = Currency(required=False, allow_null=True)
    duration = Choice(Coupon.Duration.choices, required=False)
    cycles = StrictInt(min_value=1, max_value=MOST_TIMES, required=False, allow_null=True)
    applies_until = Instant(required=False, allow_null=True)
    redeem_by = Instant(required=False, allow_null=True)
    max_redemptions = StrictInt(min_value=1, max_value=MOST_TIMES, required=False, allow_null=True)
    max_per_customer = StrictInt(min_value=1, max_value=MOST_TIMES, required=False, allow_null=True)
    plans = _scopes()
    prices = _scopes()


class CreateCoupon(UpdateCoupon):
    """Either `percent` or `amount_minor` with its `currency`; the code is kept in upper case."""

    code = StrictString(max_length=64, pattern=CODE)
    name = StrictString(max_length=200)


class CouponBody(ResponseBody):
    """A coupon. `redeemed` counts who holds it."""

    id = PublicId("cpn")
    code = StrictString()
    name = StrictString()
    percent = DecimalText(max_digits=9, decimal_places=6, allow_null=True)
    amount_minor = Minor(allow_null=True)
    currency = Currency(allow_null=True)
    duration = Choice(Coupon.Duration.choices)
    cycles = StrictInt(allow_null=True)
    applies_until = Instant(allow_null=True)
    redeem_by = Instant(allow_null=True)
    max_redemptions = StrictInt(allow_null=True)
    max_per_customer = StrictInt(allow_null=True)
    plans = serializers.ListField(child=serializers.CharField())
    prices = serializers.ListField(child=serializers.CharField())
    redeemed = StrictInt()
    archived_at = Instant(allow_null=True)
    created_at = Instant()


class RedemptionBody(ResponseBody):
    """A coupon in a customer's hands for `reference`. `cycles_used` counts the invoices it has reduced.

    It was given back at `released_at`, or taken off at `removed_at`, and reduces nothing from then on.
    """

    id = PublicId("crd")
    coupon = PublicId("cpn", source="coupon_id")
    customer = PublicId("cus", source="customer_id")
    reference = StrictString()
    cycles_used = StrictInt()
    redeemed_at = Instant()
    released_at = Instant(allow_null=True)
    removed_at = Instant(allow_null=True)
