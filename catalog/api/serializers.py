"""The bodies of plans, their versions and features."""

from rest_framework import serializers

from catalog.api.prices import CODE, PriceBody, PriceTerms
from catalog.models import Plan, PlanFeature
from core.http.serializers import (
    Choice,
    DecimalText,
    Instant,
    PublicId,
    RequestBody,
    ResponseBody,
    StrictBool,
    StrictInt,
    StrictString,
)

LONGEST_TRIAL_DAYS = 730
MOST_TERMS = 100


class FeatureTerms(RequestBody):
    code = StrictString(max_length=64, pattern=CODE)
    name = StrictString(max_length=200)
    kind = Choice(PlanFeature.Kind.choices, required=False)
    value = StrictString(max_length=200, required=False, allow_blank=True)
    limit = DecimalText(max_digits=28, decimal_places=12, required=False, allow_null=True)
    limit_kind = Choice(PlanFeature.LimitKind.choices, required=False)
    reset = Choice(PlanFeature.Reset.choices, required=False)


class CreatePlan(RequestBody):
    code = StrictString(max_length=64, pattern=CODE)
    name = StrictString(max_length=200)
    description = StrictString(max_length=2000, required=False, allow_blank=True, multiline=True)
    family = StrictString(max_length=64, required=False, allow_null=True)
    trial_days = StrictInt(min_value=0, max_value=LONGEST_TRIAL_DAYS, required=False)
    proration_basis = Choice(Plan.ProrationBasis.choices, required=False)
    prices = serializers.ListField(child=PriceTerms(), max_length=MOST_TERMS)
    features = serializers.ListField(child=FeatureTerms(), required=False, max_length=MOST_TERMS)
    publish = StrictBool(required=False)


class UpdatePlan(RequestBody):
    """Details change in place; prices or features make a new version."""

    name = StrictString(max_length=200, required=False)
    description = StrictString(max_length=2000, required=False, allow_blank=True, multiline=True)
    trial_days = StrictInt(min_value=0, max_value=LONGEST_TRIAL_DAYS, required=False)
    proration_basis = Choice(Plan.ProrationBasis.choices, required=False)
    prices = serializers.ListField(child=PriceTerms(), required=False, max_length=MOST_TERMS)
    features = serializers.ListField(child=FeatureTerms(), required=False, max_length=MOST_TERMS)
    publish = StrictBool(required=False)


class FeatureBody(ResponseBody):
    code = StrictString()
    name = StrictString()
    kind = Choice(PlanFeature.Kind.choices)
    value = StrictString()
    limit = DecimalText(max_digits=28, decimal_places=12, allow_null=True)
    limit_kind = Choice(PlanFeature.LimitKind.choices)
    reset = Choice(PlanFeature.Reset.choices)


class PlanVersionBody(ResponseBody):
    id = serializers.CharField(source="public_id")
    plan = PublicId("pln", source="plan_id")
    number = StrictInt()
    published_at = Instant(allow_null=True)
    created_at = Instant()
    prices = PriceBody(many=True, source="prices.all")
    features = FeatureBody(many=True, source="features.all")


class PlanBody(ResponseBody):
    """`version` is the one new subscriptions get; null while there is only a draft."""

    id = serializers.CharField(source="public_id")
    code = StrictString()
    name = StrictString()
    description = StrictString()
    family = StrictString(allow_null=True)
    trial_days = StrictInt()
    proration_basis = Choice(Plan.ProrationBasis.choices)
    version = PlanVersionBody(source="current", allow_null=True)
    archived_at = Instant(allow_null=True)
    created_at = Instant()
