"""The bodies of subscriptions."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.http import validation
from core.http.serializers import (
    Choice,
    Currency,
    Instant,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictInt,
    StrictString,
    Timezone,
)
from core.periods import Alignment, Interval
from subscriptions import states
from subscriptions.api.fields import WordOrInstant
from subscriptions.models import LONGEST_TRIAL_DAYS, Subscription, SubscriptionAddOn, SubscriptionPause
from subscriptions.proration import Behavior, Refund
from subscriptions.services import CancelReason

MOST_UNITS = 1_000_000
MOST_INTERVALS = 120
MOST_ADDONS = 20
MOST_COUPONS = 10


class StartOwnTrial(RequestBody):
    """What a customer may ask for himself: how long he may try is not his to say."""

    plan = PublicId("pln", source="plan_id")
    quantity = StrictInt(min_value=1, max_value=MOST_UNITS, required=False)
    currency = Currency(required=False)


class AskAddOn(RequestBody):
    addon = PublicId("add", source="addon_id")
    quantity = StrictInt(min_value=1, max_value=MOST_UNITS, required=False, default=1)


class CreateOwnSubscription(StartOwnTrial):
    """`coupons` are codes; they and `addons` count from the first invoice on."""

    starts_at = Instant(required=False)
    intervals = StrictInt(min_value=1, max_value=MOST_INTERVALS, required=False, allow_null=True)
    addons = serializers.ListField(child=AskAddOn(), required=False, max_length=MOST_ADDONS)
    coupons = serializers.ListField(child=StrictString(max_length=64), required=False, max_length=MOST_COUPONS)

    def validate_addons(self, asked: list[dict[str, Any]]) -> list[tuple[UUID, int]]:
        """This function will return ids and quantities."""
        return [(one["addon_id"], one["quantity"]) for one in asked]


class StartTrial(StartOwnTrial):
    customer = PublicId("cus", source="customer_id")
    trial_days = StrictInt(min_value=1, max_value=LONGEST_TRIAL_DAYS, required=False)


class CreateSubscription(CreateOwnSubscription):
    """`trial_days` 0 switches the plan's trial off; `intervals` limits the subscription to so many periods.

    Periods are counted from the start (`anchor` anniversary), from the next calendar unit in the customer's zone
    (calendar), or from `anchor_at`; the first one may then be short, and costs its share.
    """

    customer = PublicId("cus", source="customer_id")
    trial_days = StrictInt(min_value=0, max_value=LONGEST_TRIAL_DAYS, required=False)
    anchor = Choice([one.value for one in Alignment], required=False)
    anchor_at = Instant(required=False)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """This function will return one anchor, however it was asked for."""
        if "anchor_at" in asked and asked.get("anchor", Alignment.ANNIVERSARY) != Alignment.ANNIVERSARY:
            message = "An instant and the calendar cannot both be the anchor."
            raise serializers.ValidationError({"anchor_at": validation.refused("one_anchor", message)})
        if "anchor_at" in asked:
            asked["anchor"] = asked.pop("anchor_at")
        return asked


class AddAddOn(AskAddOn):
    """`proration` says when the rest of the period is charged."""

    proration = Choice([one.value for one in Behavior], required=False, source="behavior")


class RemoveAddOn(RequestBody):
    """`proration` says when the rest of the period is credited."""

    proration = Choice([one.value for one in Behavior], required=False, source="behavior")


class RedeemCoupon(RequestBody):
    code = StrictString(max_length=64)


class CancelOwnSubscription(RequestBody):
    """It ends now, at the end of what is paid (period_end, the default), or at an instant."""

    at = WordOrInstant(("now", "period_end"), required=False)
    reason = Choice([one.value for one in CancelReason], required=False)
    comment = StrictString(max_length=500, required=False, allow_blank=True, multiline=True)


class CancelSubscription(CancelOwnSubscription):
    """`refund` says what becomes of the rest of a paid period that it ends inside."""

    refund = Choice([one.value for one in Refund], required=False)


class EndSubscription(RequestBody):
    """It ends at once as if its term were over; usage that is open is charged."""

    comment = StrictString(max_length=500, required=False, allow_blank=True, multiline=True)
    refund = Choice([one.value for one in Refund], required=False)


class PauseOwnSubscription(RequestBody):
    """From now on, or from the end of the period (period_end), until an instant if one is given."""

    at = Choice(("now", "period_end"), required=False)
    until = Instant(required=False)
    reason = StrictString(max_length=500, required=False, allow_blank=True)


class PauseSubscription(PauseOwnSubscription):
    """`policy` give_back lengthens the period by the pause; restart begins a new one afterwards, charged in full.

    Only with restart `refund` says what becomes of the rest of the period.
    """

    policy = Choice(SubscriptionPause.Policy.choices, required=False)
    refund = Choice([one.value for one in Refund], required=False)


class ExtendTrial(RequestBody):
    days = StrictInt(min_value=1, max_value=LONGEST_TRIAL_DAYS)
    reason = StrictString(max_length=500, required=False, allow_blank=True)


class RenewSubscription(RequestBody):
    intervals = StrictInt(min_value=1, max_value=MOST_INTERVALS, required=False)


class SubscriptionAddOnBody(ResponseBody):
    """What is taken beside the plan, from `added_at` to `removed_at`, or once, charged at `billed_at`."""

    id = serializers.CharField(source="public_id")
    addon = PublicId("add", source="addon_id")
    price = PublicId("prc", source="price_id")
    kind = Choice(SubscriptionAddOn.Kind.choices)
    quantity = StrictInt()
    added_at = Instant()
    removed_at = Instant(allow_null=True)
    billed_at = Instant(allow_null=True)


class HeldCouponBody(ResponseBody):
    """A coupon that reduces the subscription's invoices; `cycles_used` counts those it has reduced."""

    id = PublicId("crd")
    coupon = PublicId("cpn", source="coupon_id")
    code = StrictString()
    name = StrictString()
    cycles_used = StrictInt()
    redeemed_at = Instant()


class SubscriptionBody(ResponseBody):
    """`next_plan_version` and `next_timezone` count from the next period on; `addons` are those not removed."""

    id = serializers.CharField(source="public_id")
    customer = PublicId("cus", source="customer_id")
    plan = PublicId("pln", source="plan_id")
    plan_version = PublicId("plv", source="plan_version_id")
    next_plan_version = PublicId("plv", source="next_plan_version_id", allow_null=True)
    family = StrictString(allow_null=True)
    status = Choice(states.STATES)
    currency = Currency()
    quantity = StrictInt()
    timezone = Timezone()
    next_timezone = serializers.SerializerMethodField()
    interval = Choice([one.value for one in Interval])
    interval_count = StrictInt()
    term_intervals = StrictInt(allow_null=True)
    starts_at = Instant()
    started_at = Instant(allow_null=True)
    anchor = Choice([one.value for one in Alignment], source="alignment")
    anchor_at = Instant(allow_null=True)
    period_index = StrictInt(allow_null=True)
    period_starts_at = Instant(allow_null=True)
    period_ends_at = Instant(allow_null=True)
    renews_at = Instant(allow_null=True)
    trial_starts_at = Instant(allow_null=True)
    trial_ends_at = Instant(allow_null=True)
    unpaid_deadline_at = Instant(allow_null=True)
    cancel_at = Instant(allow_null=True)
    cancel_refund = Choice([one.value for one in Refund])
    canceled_at = Instant(allow_null=True)
    pauses_at = Instant(allow_null=True)
    paused_at = Instant(allow_null=True)
    resumes_at = Instant(allow_null=True)
    ends_at = Instant(allow_null=True)
    ended_at = Instant(allow_null=True)
    reason = StrictString()
    comment = StrictString()
    addons = serializers.SerializerMethodField()
    coupons = serializers.SerializerMethodField()
    version = StrictInt()
    created_at = Instant()

    def get_next_timezone(self, row: Subscription) -> str | None:
        """This function will return the zone that counts from the next period on."""
        return row.next_timezone or None

    @extend_schema_field(SubscriptionAddOnBody(many=True))
    def get_addons(self, row: Subscription) -> list[Any]:
        """This function will return what is taken beside the plan, which the view has asked for."""
        return list(SubscriptionAddOnBody.of(self.context["addons"].get(row.pk, [])))

    @extend_schema_field(HeldCouponBody(many=True))
    def get_coupons(self, row: Subscription) -> list[Any]:
        """This function will return what reduces the invoices, which the view has asked for."""
        return list(HeldCouponBody.of(list(self.context["coupons"].get(row.public_id, ()))))
