"""What an environment lets customers do, over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from core import clock
from core.http.serializers import Choice, RequestBody, ResponseBody, StrictBool, StrictInt
from core.http.views import Request, Resource, ok
from subscriptions import services
from subscriptions.models import CANCEL_TIMES, VERBS, SubscriptionPause, SubscriptionSettings
from subscriptions.proration import Refund

LONGEST_PAUSE_DAYS = 3660
REFUNDS = [one.value for one in Refund]


class UpdateSubscriptionSettings(RequestBody):
    """What customers may do to their own subscriptions (`customer_…`), what a pause does, and how trials end."""

    customer_verbs = serializers.ListField(child=Choice(VERBS), required=False, max_length=len(VERBS))
    customer_cancel_times = serializers.ListField(
        child=Choice(CANCEL_TIMES), required=False, max_length=len(CANCEL_TIMES)
    )
    customer_refund = Choice(REFUNDS, required=False)
    pause_policy = Choice(SubscriptionPause.Policy.choices, required=False)
    longest_customer_pause_days = StrictInt(min_value=0, max_value=LONGEST_PAUSE_DAYS, required=False)
    trial_without_method = Choice(SubscriptionSettings.WithoutMethod.choices, required=False)
    sends_reminders = StrictBool(required=False)


class SubscriptionSettingsBody(ResponseBody):
    """What customers may do to their own subscriptions (`customer_…`), what a pause does, and how trials end."""

    customer_verbs = serializers.ListField(child=Choice(VERBS))
    customer_cancel_times = serializers.ListField(child=Choice(CANCEL_TIMES))
    customer_refund = Choice(REFUNDS)
    pause_policy = Choice(SubscriptionPause.Policy.choices)
    longest_customer_pause_days = StrictInt()
    trial_without_method = Choice(SubscriptionSettings.WithoutMethod.choices)
    sends_reminders = StrictBool()


class SubscriptionSettingsPage(Resource):
    """`/subscription-settings`: the one row that says what customers may do and how trials end."""

    scope = "subscription-settings"
    serializer_class = SubscriptionSettingsBody
    request_bodies = {"partial_update": UpdateSubscriptionSettings}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's row, if it has one."""
        return SubscriptionSettings.objects.all()

    def retrieve(self, request: Request) -> Response:
        """This function will answer what the environment has decided about subscriptions."""
        return ok(SubscriptionSettingsBody.of(services.current_settings()))

    def partial_update(self, request: Request) -> Response:
        """This function will decide about subscriptions from now on."""
        changes = UpdateSubscriptionSettings.parse(request)
        row = services.change_subscription_settings(changes=changes, actor=request.actor, now=clock.now())
        return ok(SubscriptionSettingsBody.of(row))
