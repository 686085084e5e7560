"""A customer's own subscriptions over HTTP: what he may do to them, the environment has decided."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock
from core.http.views import Listed, Request, Resource, ok
from subscriptions import services
from subscriptions.api.change_bodies import ChangeOwnSubscription, ChangePreviewBody
from subscriptions.api.filters import OwnSubscriptionFilters
from subscriptions.api.own_bodies import OwnChangedBody, OwnSubscriptionBody
from subscriptions.api.reading import shown, with_holdings
from subscriptions.api.serializers import (
    CancelOwnSubscription,
    PauseOwnSubscription,
    RenewSubscription,
)
from subscriptions.api.views import subscriptions_on
from subscriptions.models import Subscription


class OwnSubscriptions(Listed, Resource):
    """`/subscriptions/me`: those of the customer who asks."""

    scope = "subscriptions"
    prefix = "sub"
    customer_field = "customer_id"
    audience = frozenset({"customer"})
    serializer_class = OwnSubscriptionBody
    filterset_class = OwnSubscriptionFilters
    request_bodies = {
        "cancel": CancelOwnSubscription,
        "change": ChangeOwnSubscription,
        "change_preview": ChangeOwnSubscription,
        "pause": PauseOwnSubscription,
        "renew": RenewSubscription,
    }
    responses = {"change": OwnChangedBody, "change_preview": ChangePreviewBody}
    idempotency = {"change_preview": "none"}

    list = subscriptions_on(Listed.list)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's subscriptions."""
        return Subscription.objects.all()

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """This function will fetch what the rows hold with two more queries, however many they are."""
        return with_holdings(super().get_serializer, self.actor, *arguments, **options)

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def cancel(self, request: Request, pk: str) -> Response:
        """This function will cancel the customer's subscription, when he may have it canceled."""
        return self._done(services.cancel_subscription, CancelOwnSubscription.parse(request))

    @action(detail=True, methods=["post"], url_path="undo-cancellation")
    @subscriptions_on
    def undo_cancellation(self, request: Request, pk: str) -> Response:
        """This function will let the customer's subscription go on whose cancellation has not taken effect."""
        return self._done(services.undo_cancellation)

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def pause(self, request: Request, pk: str) -> Response:
        """This function will pause the customer's subscription."""
        return self._done(services.pause_subscription, PauseOwnSubscription.parse(request))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def resume(self, request: Request, pk: str) -> Response:
        """This function will let the customer's paused subscription go on, or withdraw a pause that has not begun."""
        return self._done(services.resume_subscription)

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def renew(self, request: Request, pk: str) -> Response:
        """This function will sell the customer further periods; they count once their invoice is paid."""
        return self._done(services.renew_subscription, RenewSubscription.parse(request))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def change(self, request: Request, pk: str) -> Response:
        """This function will change the customer's plan, quantity or add-ons now."""
        body = ChangeOwnSubscription.parse(request)
        done = services.change_subscription(
            subscription_id=self.get_object().pk, **body, actor=request.actor, now=clock.now()
        )
        return ok(OwnChangedBody.of(done, subscription=shown(done.subscription, self.actor), asker=self.actor))

    @action(detail=True, methods=["post"], url_path="change/preview")
    @subscriptions_on
    def change_preview(self, request: Request, pk: str) -> Response:
        """This function will answer exactly what the customer's change would invoice now, and change nothing."""
        body = ChangeOwnSubscription.parse(request)
        seen = services.preview_change(
            subscription_id=self.get_object().pk, **body, actor=request.actor, now=clock.now()
        )
        return ok(ChangePreviewBody.of(seen))

    def _done(self, verb: Callable[..., Subscription], body: dict[str, Any] | None = None) -> Response:
        row = verb(subscription_id=self.get_object().pk, **body or {}, actor=self.actor, now=clock.now())
        return ok(shown(row, self.actor))
