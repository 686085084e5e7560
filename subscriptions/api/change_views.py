"""Changing a subscription over HTTP."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock
from core.http.views import EVERY_SECRET_HOLDER, Request, ok
from featureflags import services as flags
from subscriptions import services
from subscriptions.api.change_bodies import (
    ChangedBody,
    ChangePlanOrQuantity,
    ChangePreviewBody,
    ChangeSubscription,
)
from subscriptions.api.serializers import SubscriptionBody

REQUESTS = {"update": ChangePlanOrQuantity, "change": ChangeSubscription, "change_preview": ChangeSubscription}
RESPONSES = {"update": SubscriptionBody, "change": ChangedBody, "change_preview": ChangePreviewBody}
AUDIENCES = dict.fromkeys(REQUESTS, EVERY_SECRET_HOLDER)

subscriptions_on = flags.requires("subscriptions_enabled")


class Changing:
    """`PUT /subscriptions/{id}`, `/change` and `/change/preview`, for whoever acts for the seller."""

    def hold(self: Any) -> None:
        """This function will lock the subscription for a change that was decided about its present state."""
        services.hold_subscription(self.key)

    @subscriptions_on
    def update(self: Any, request: Request, pk: str) -> Response:
        """This function will change the plan or the quantity now."""
        body = ChangePlanOrQuantity.parse(request)
        done = services.change_subscription(
            subscription_id=self.get_object().pk, **body, actor=request.actor, now=clock.now()
        )
        return ok(self.shown(done.subscription))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def change(self: Any, request: Request, pk: str) -> Response:
        """This function will change a subscription in any combination of respects, with one invoice."""
        body = ChangeSubscription.parse(request)
        done = services.change_subscription(
            subscription_id=self.get_object().pk, **body, actor=request.actor, now=clock.now()
        )
        return ok(ChangedBody.of(done, subscription=self.shown(done.subscription)))

    @action(detail=True, methods=["post"], url_path="change/preview")
    @subscriptions_on
    def change_preview(self: Any, request: Request, pk: str) -> Response:
        """This function will answer exactly what the change would invoice now, and change nothing."""
        body = ChangeSubscription.parse(request)
        seen = services.preview_change(
            subscription_id=self.get_object().pk, **body, actor=request.actor, now=clock.now()
        )
        return ok(ChangePreviewBody.of(seen))
