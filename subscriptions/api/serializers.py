"""The bodies of subscriptions."""

from rest_framework import serializers

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
from core.periods import Interval
from subscriptions import states

MOST_UNITS = 1_000_000
MOST_INTERVALS = 120
LONGEST_TRIAL_DAYS = 730


class StartOwnTrial(RequestBody):
    """What a customer may ask for himself: how long he may try is not his to say."""

    plan = PublicId("pln", source="plan_id")
    quantity = StrictInt(min_value=1, max_value=MOST_UNITS, required=False)
    currency = Currency(required=False)


class CreateOwnSubscription(StartOwnTrial):
    starts_at = Instant(required=False)
    intervals = StrictInt(min_value=1, max_value=MOST_INTERVALS, required=False, allow_null=True)


class StartTrial(StartOwnTrial):
    customer = PublicId("cus", source="customer_id")
    trial_days = StrictInt(min_value=1, max_value=LONGEST_TRIAL_DAYS, required=False)


class CreateSubscription(CreateOwnSubscription):
    """`trial_days` 0 switches the plan's trial off; `intervals` limits the subscription to so many periods."""

    customer = PublicId("cus", source="customer_id")
    trial_days = StrictInt(min_value=0, max_value=LONGEST_TRIAL_DAYS, required=False)


class CancelSubscription(RequestBody):
    at = Choice(("now", "period_end"), required=False)
    reason = StrictString(max_length=500, required=False, allow_blank=True)


class RenewSubscription(RequestBody):
    intervals = StrictInt(min_value=1, max_value=MOST_INTERVALS, required=False)


class SubscriptionBody(ResponseBody):
    id = serializers.CharField(source="public_id")
    customer = PublicId("cus", source="customer_id")
    plan = PublicId("pln", source="plan_id")
    plan_version = PublicId("plv", source="plan_version_id")
    family = StrictString(allow_null=True)
    status = Choice(states.STATES)
    currency = Currency()
    quantity = StrictInt()
    timezone = Timezone()
    interval = Choice([one.value for one in Interval])
    interval_count = StrictInt()
    term_intervals = StrictInt(allow_null=True)
    starts_at = Instant()
    started_at = Instant(allow_null=True)
    anchor_at = Instant(allow_null=True)
    period_index = StrictInt(allow_null=True)
    period_starts_at = Instant(allow_null=True)
    period_ends_at = Instant(allow_null=True)
    renews_at = Instant(allow_null=True)
    trial_starts_at = Instant(allow_null=True)
    trial_ends_at = Instant(allow_null=True)
    unpaid_deadline_at = Instant(allow_null=True)
    cancel_at = Instant(allow_null=True)
    canceled_at = Instant(allow_null=True)
    ends_at = Instant(allow_null=True)
    ended_at = Instant(allow_null=True)
    reason = StrictString()
    version = StrictInt()
    created_at = Instant()


class SubscriptionEventBody(ResponseBody):
    """One line of history; `number` is the version of the subscription that it made."""

    id = serializers.CharField(source="public_id")
    number = StrictInt()
    type = StrictString()
    old_status = Choice(states.TRANSITIONS)
    new_status = Choice(states.STATES)
    plan = PublicId("pln", source="plan_id")
    actor = StrictString()
    reason = StrictString()
    effective_at = Instant()
    at = Instant()
