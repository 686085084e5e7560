"""The bodies of prices and add-ons."""

from typing import Any

from rest_framework import serializers

from catalog import shapes
from catalog.models import INTERVALS, AddOn, Price
from catalog.pricing import MAX_PLACES
from core.http.serializers import (
    Choice,
    Currency,
    DecimalText,
    Instant,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictBool,
    StrictInt,
    StrictString,
)
from core.periods import MAX_INTERVAL_COUNT

CODE = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
MOST_CURRENCIES = 100


class Amount(DecimalText):
    """A price per unit, a fee, a bound or a size, in major units where it is money: `"9.99"`, `"0.000125"`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=shapes.MAX_DIGITS, decimal_places=MAX_PLACES, **options)


class TierTerms(RequestBody):
    """Quantities above the tier before up to `up_to`, inclusive; null for the last, open tier."""

    up_to = Amount(allow_null=True)
    unit_amount = Amount(required=False)
    flat_amount = Amount(required=False)


class PriceTerms(RequestBody):
    """`unit_amount` for flat, per_unit and package; `tiers` for graduated and volume; `package_*`, `percentage` and
    what follows it for the models of these names; minimum and maximum for all."""

    name = StrictString(max_length=200)
    currency = Currency()
    kind = Choice(Price.Kind.choices, required=False)
    model = Choice(Price.Model.choices, required=False)
    unit_amount = Amount(required=False, allow_null=True)
    tiers = serializers.ListField(child=TierTerms(), required=False, max_length=shapes.MOST_TIERS)
    charge_flat_at_zero = StrictBool(required=False)
    package_size = Amount(required=False, allow_null=True)
    package_rounding = Choice(Price.PackageRounding.choices, required=False, allow_null=True)
    percentage = Amount(required=False, allow_null=True)
    fixed_amount = Amount(required=False, allow_null=True)
    free_units = Amount(required=False, allow_null=True)
    free_events = StrictInt(min_value=0, max_value=shapes.MOST_FREE_EVENTS, required=False, allow_null=True)
    minimum_amount = Amount(required=False, allow_null=True)
    maximum_amount = Amount(required=False, allow_null=True)
    tax_code = StrictString(max_length=40, required=False, allow_blank=True)
    interval = Choice(INTERVALS, required=False)
    interval_count = StrictInt(min_value=1, max_value=MAX_INTERVAL_COUNT, required=False)
    billed = Choice(Price.Billed.choices, required=False)
    meter = PublicId("mtr", source="meter_id", required=False, allow_null=True)


class CreatePrice(PriceTerms):
    """The price joins the plan's draft; a draft is begun from the newest version if there is none."""

    plan = PublicId("pln", source="plan_id")


class UpdatePrice(PriceTerms):
    """What is not given stays."""

    name = StrictString(max_length=200, required=False)
    currency = Currency(required=False)


class AddOnPriceTerms(PriceTerms):
    """The name is the add-on's unless it is given. A one-off add-on's prices have no interval."""

    name = StrictString(max_length=200, required=False)


class CreateAddOn(RequestBody):
    code = StrictString(max_length=64, pattern=CODE)
    name = StrictString(max_length=200)
    description = StrictString(max_length=2000, required=False, allow_blank=True, multiline=True)
    kind = Choice(AddOn.Kind.choices, required=False)
    prices = serializers.ListField(child=AddOnPriceTerms(), max_length=MOST_CURRENCIES)


class TierBody(ResponseBody):
    up_to = Amount(allow_null=True)
    unit_amount = Amount()
    flat_amount = Amount()


class PriceBody(ResponseBody):
    """A price of a plan's version, or of an add-on; `interval` is null for what is charged once."""

    id = serializers.CharField(source="public_id")
    plan = PublicId("pln", source="version.plan_id", allow_null=True)
    plan_version = PublicId("plv", source="version_id", allow_null=True)
    addon = PublicId("add", source="addon_id", allow_null=True)
    name = StrictString()
    currency = Currency()
    kind = Choice(Price.Kind.choices)
    model = Choice(Price.Model.choices)
    unit_amount = Amount(allow_null=True)
    tiers = TierBody(many=True)
    charge_flat_at_zero = StrictBool()
    package_size = Amount(allow_null=True)
    package_rounding = Choice(Price.PackageRounding.choices, allow_null=True)
    percentage = Amount(allow_null=True)
    fixed_amount = Amount(allow_null=True)
    free_units = Amount(allow_null=True)
    free_events = StrictInt(allow_null=True)
    minimum_amount = Amount(allow_null=True)
    maximum_amount = Amount(allow_null=True)
    tax_code = StrictString(allow_blank=True)
    interval = Choice(INTERVALS, allow_null=True)
    interval_count = StrictInt()
    billed = Choice(Price.Billed.choices)
    meter = PublicId("mtr", source="meter_id", allow_null=True)
    created_at = Instant()


class AddOnBody(ResponseBody):
    id = serializers.CharField(source="public_id")
    code = StrictString()
    name = StrictString()
    description = StrictString()
    kind = Choice(AddOn.Kind.choices)
    prices = PriceBody(many=True, source="prices.all")
    archived_at = Instant(allow_null=True)
    created_at = Instant()
