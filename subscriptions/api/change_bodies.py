"""The bodies of changes, and of what they would cost."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.http import validation
from core.http.serializers import (
    Choice,
    Currency,
    DecimalText,
    Instant,
    Minor,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictBool,
    StrictInt,
    StrictString,
)
from subscriptions.api.fields import WordOrInstant
from subscriptions.api.serializers import MOST_ADDONS, MOST_COUPONS, MOST_UNITS, SubscriptionBody
from subscriptions.models import ScheduledChange
from subscriptions.proration import Behavior
from subscriptions.services import Wanted
from subscriptions.wanted import NOW

BEHAVIORS = tuple(one.value for one in Behavior)
AT_ONCE, PERIOD_END = "now", "period_end"
WHAT = ("plan_id", "quantity", "addons", "coupon", "anchor", "payment_method_id", "remove_coupons")


class SetAddOn(RequestBody):
    """How much of an add-on there is to be; 0 removes it."""

    addon = PublicId("add", source="addon_id")
    quantity = StrictInt(min_value=0, max_value=MOST_UNITS)


class ChangePlanOrQuantity(RequestBody):
    """What is to be another from now on. `proration` says what the rest of the period costs."""

    plan = PublicId("pln", source="plan_id", required=False)
    quantity = StrictInt(min_value=1, max_value=MOST_UNITS, required=False)
    proration = Choice(BEHAVIORS, required=False, source="behavior")

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """This function will return what is wanted and how, and refuse a request that wants nothing."""
        wanted = Wanted(**{name: asked.pop(name) for name in WHAT if name in asked})
        if not wanted:
            message = "At least one thing is to be another afterwards."
            raise serializers.ValidationError({"": validation.refused("nothing_wanted", message)})
        behavior = asked.pop("behavior", None)
        return {"wanted": wanted, "behavior": Behavior(behavior) if behavior else None, **asked}


class ChangeSubscription(ChangePlanOrQuantity):
    """What is to be another, in any combination. Add-ons that are not named stay as they are.

    `coupon` is redeemed, `remove_coupons` are codes of coupons that are taken off: they reduce no further invoice.
    `at` is `now` (default), `period_end` (with the next paid period, without proration), or an instant. `anchor` is
    `now`, or an instant up to which a short period runs. `payment_method` is charged for all of the customer's
    subscriptions from then on.
    """

    addons = serializers.ListField(child=SetAddOn(), required=False, min_length=1, max_length=MOST_ADDONS)
    coupon = StrictString(max_length=64, required=False)
    remove_coupons = serializers.ListField(
        child=StrictString(max_length=64), required=False, min_length=1, max_length=MOST_COUPONS
    )
    anchor = WordOrInstant((NOW,), required=False)
    payment_method = PublicId("pym", source="payment_method_id", required=False)
    at = WordOrInstant((AT_ONCE, PERIOD_END), required=False, source="when")

    def validate_addons(self, asked: list[dict[str, Any]]) -> tuple[tuple[UUID, int], ...]:
        """This function will return ids and quantities, each add-on once."""
        found = {one["addon_id"]: one["quantity"] for one in asked}
        if len(found) < len(asked):
            raise serializers.ValidationError(validation.refused("twice", "Each add-on is named once."))
        return tuple(found.items())

    def validate_remove_coupons(self, asked: list[str]) -> tuple[str, ...]:
        """This function will return codes, each once."""
        if len({code.strip().upper() for code in asked}) < len(asked):
            raise serializers.ValidationError(validation.refused("twice", "Each coupon is named once."))
        return tuple(asked)


class ChangeOwnSubscription(ChangeSubscription):
    """What a customer may have otherwise. When the rest of the period is charged is not his to say."""

    proration = None  # type: ignore[assignment]
    anchor = None  # type: ignore[assignment]


class ReplaceChange(ChangeSubscription):
    """What is to happen instead, and when: `period_end` or an instant."""

    at = WordOrInstant((PERIOD_END,))

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """This function will return what is wanted, how and when; None is the next period's beginning."""
        known = super().validate(asked)
        return known | {"at": None if known["at"] == PERIOD_END else known["at"]}


class ReplaceOwnChange(ReplaceChange):
    """What a customer may have instead. When the rest of the period is charged is not his to say."""

    proration = None  # type: ignore[assignment]
    anchor = None  # type: ignore[assignment]


class WithdrawChange(RequestBody):
    reason = StrictString(max_length=200, required=False, allow_blank=True)


def _number(**options: bool) -> DecimalText:
    return DecimalText(max_digits=30, decimal_places=12, min_value=None, **options)


class PreviewedLineBody(ResponseBody):
    """One line, and how its amount comes about. A credit has negative amounts."""

    kind = StrictString()
    description = StrictString()
    quantity = _number()
    unit_amount = _number(allow_null=True)
    amount_minor = StrictInt()
    discount_minor = StrictInt()
    tax_minor = StrictInt()
    total_minor = StrictInt()
    period_starts_at = Instant(allow_null=True)
    period_ends_at = Instant(allow_null=True)
    calculation = StrictString()


class PreviewedDiscountBody(ResponseBody):
    """What one coupon takes off."""

    description = StrictString()
    amount_minor = Minor()


class PreviewedTaxBody(ResponseBody):
    """One rate: its base, and the tax rounded once on it."""

    code = StrictString()
    name = StrictString()
    percentage = _number()
    base_minor = StrictInt()
    tax_minor = StrictInt()
    is_reverse_charge = StrictBool()


class PreviewedInvoiceBody(ResponseBody):
    """An invoice as it would be issued."""

    state = StrictString()
    tax_behavior = StrictString()
    lines = PreviewedLineBody(many=True)
    subtotal_minor = Minor()
    discounts = PreviewedDiscountBody(many=True)
    discount_minor = Minor()
    taxes = PreviewedTaxBody(many=True)
    tax_minor = Minor()
    total_minor = Minor()
    credit_applied_minor = Minor()
    wallet_applied_minor = Minor()
    due_minor = Minor()


class WaitingLineBody(ResponseBody):
    """A line that would wait for the next invoice."""

    kind = StrictString()
    description = StrictString()
    amount_minor = StrictInt()
    period_starts_at = Instant(allow_null=True)
    period_ends_at = Instant(allow_null=True)


class ChangePreviewBody(ResponseBody):
    """What the change would cost, in minor units of `currency`.

    `invoice` is issued with the change, `waiting` waits because of it for the next one, and `renewal` is that one at
    `renews_at`, with whatever else waits and usage as it stands now; where no such period could begin, `refusal` says
    why. `proration` is null where nothing is charged for the running period.
    """

    subscription = StrictString()
    currency = Currency()
    is_changed = StrictBool()
    takes_effect_at = Instant()
    proration = Choice(BEHAVIORS, source="behavior", allow_null=True)
    due_minor = Minor()
    credit_minor = Minor()
    waiting_minor = StrictInt()
    invoice = PreviewedInvoiceBody(allow_null=True)
    waiting = WaitingLineBody(many=True)
    renews_at = Instant(allow_null=True)
    renewal = PreviewedInvoiceBody(allow_null=True)
    refusal = StrictString()


class AddOnWantedBody(ResponseBody):
    """How much of an add-on there is to be."""

    addon = StrictString()
    quantity = StrictInt()


class ScheduledChangeBody(ResponseBody):
    """What is to change, and when: `at` is period_end or an instant, `takes_effect_at` when that is as things are.

    What was not asked for is null. `reason` is why it was withdrawn, or could not be done.
    """

    id = StrictString(source="public_id")
    subscription = PublicId("sub", source="subscription_id")
    state = Choice(ScheduledChange.State.choices)
    at = serializers.SerializerMethodField()
    takes_effect_at = Instant()
    plan = serializers.SerializerMethodField()
    quantity = serializers.SerializerMethodField()
    addons = serializers.SerializerMethodField()
    coupon = serializers.SerializerMethodField()
    remove_coupons = serializers.SerializerMethodField()
    anchor = serializers.SerializerMethodField()
    payment_method = serializers.SerializerMethodField()
    proration = serializers.SerializerMethodField()
    invoice = PublicId("inv", source="invoice_id", allow_null=True)
    replaces = PublicId("chg", source="replaces_id", allow_null=True)
    reason = StrictString(source="error")
    created_by = StrictString()
    created_at = Instant()
    settled_at = Instant(allow_null=True)

    def get_at(self, row: ScheduledChange) -> str:
        """This function will return the instant, or that it is the end of the period."""
        return Instant().to_representation(row.effective_at) if row.effective_at else PERIOD_END

    def get_plan(self, row: ScheduledChange) -> str | None:
        """This function will return the plan that is to be had."""
        return _text(row, "plan")

    def get_quantity(self, row: ScheduledChange) -> int | None:
        """This function will return the quantity that is to be had."""
        found: int | None = row.wanted.get("quantity")
        return found

    @extend_schema_field(AddOnWantedBody(many=True))
    def get_addons(self, row: ScheduledChange) -> list[Any]:
        """This function will return the add-ons whose quantity is to be another."""
        return list(row.wanted.get("addons", ()))

    def get_coupon(self, row: ScheduledChange) -> str | None:
        """This function will return the code that is to be redeemed."""
        return _text(row, "coupon")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_remove_coupons(self, row: ScheduledChange) -> list[str]:
        """This function will return the codes of coupons that are to be taken off."""
        return list(row.wanted.get("remove_coupons", ()))

    def get_anchor(self, row: ScheduledChange) -> str | None:
        """This function will return where the anchor is to be."""
        return _text(row, "anchor")

    def get_payment_method(self, row: ScheduledChange) -> str | None:
        """This function will return the means of payment that is to be charged."""
        return _text(row, "payment_method")

    def get_proration(self, row: ScheduledChange) -> str | None:
        """This function will return what the rest of the period is to cost, if it was said."""
        return row.behavior or None


def _text(row: ScheduledChange, name: str) -> str | None:
    found: str | None = row.wanted.get(name)
    return found


class ChangedBody(ResponseBody):
    """The subscription after the change, and the invoice that bills it, if there was something to bill at once.

    `change` is what waits, if it was asked for later.
    """

    invoice = StrictString(allow_null=True)
    change = ScheduledChangeBody(allow_null=True)
    subscription = serializers.SerializerMethodField()

    @extend_schema_field(SubscriptionBody)
    def get_subscription(self, done: Any) -> Any:
        """This function will return the subscription as it is shown everywhere."""
        return self.context["subscription"]
