"""Subscriptions over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock, errors, ids
from core.actor import Actor
from core.http.serializers import RequestBody
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, created, ok
from featureflags import services as flags
from subscriptions import services
from subscriptions.api.filters import OwnSubscriptionFilters, SubscriptionFilters
from subscriptions.api.serializers import (
    CancelSubscription,
    CreateOwnSubscription,
    CreateSubscription,
    RenewSubscription,
    StartOwnTrial,
    StartTrial,
    SubscriptionBody,
    SubscriptionEventBody,
)
from subscriptions.models import Subscription, SubscriptionEvent

EVERYBODY = EVERY_SECRET_HOLDER | {"customer"}
subscriptions_on = flags.requires("subscriptions_enabled")


class Subscriptions(Listed, Retrieved, Resource):
    """Who subscribes to what. A customer sees, makes, renews and cancels his own."""

    scope = "subscriptions"
    prefix = "sub"
    customer_field = "customer_id"
    audience = EVERYBODY
    serializer_class = SubscriptionBody
    filterset_class = SubscriptionFilters
    request_bodies = {
        "create": CreateSubscription,
        "trial": StartTrial,
        "cancel": CancelSubscription,
        "renew": RenewSubscription,
    }
    responses = {"create": {201: SubscriptionBody}, "trial": {201: SubscriptionBody}, "destroy": SubscriptionBody}

    list = subscriptions_on(Listed.list)
    retrieve = subscriptions_on(Retrieved.retrieve)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's subscriptions."""
        return Subscription.objects.all()

    @subscriptions_on
    def create(self, request: Request) -> Response:
        """This function will subscribe a customer to a plan."""
        body = _of_whom(request, CreateSubscription, CreateOwnSubscription)
        row = services.create_subscription(**body, actor=request.actor, now=clock.now())
        return created(SubscriptionBody.of(row))

    @action(detail=False, methods=["post"])
    @subscriptions_on
    def trial(self, request: Request) -> Response:
        """This function will start a trial, or refuse: nothing is charged at once."""
        body = _of_whom(request, StartTrial, StartOwnTrial)
        row = services.start_trial(**body, actor=request.actor, now=clock.now())
        return created(SubscriptionBody.of(row))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def cancel(self, request: Request, pk: str) -> Response:
        """This function will cancel a subscription, now or when what is paid for is used up."""
        return self._cancel(request, CancelSubscription.parse(request))

    @subscriptions_on
    def destroy(self, request: Request, pk: str) -> Response:
        """This function will cancel a subscription when what is paid for is used up."""
        return self._cancel(request, {})

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def renew(self, request: Request, pk: str) -> Response:
        """This function will sell further periods; they count once their invoice is paid."""
        body = RenewSubscription.parse(request)
        row = services.renew_subscription(
            subscription_id=self.get_object().pk, **body, actor=request.actor, now=clock.now()
        )
        return ok(SubscriptionBody.of(row))

    def _cancel(self, request: Request, body: dict[str, Any]) -> Response:
        row = services.cancel_subscription(
            subscription_id=self.get_object().pk, **body, actor=request.actor, now=clock.now()
        )
        return ok(SubscriptionBody.of(row))


class OwnSubscriptions(Listed, Resource):
    """`/subscriptions/me`: those of the customer who asks."""

    scope = "subscriptions"
    customer_field = "customer_id"
    audience = frozenset({"customer"})
    serializer_class = SubscriptionBody
    filterset_class = OwnSubscriptionFilters

    list = subscriptions_on(Listed.list)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's subscriptions."""
        return Subscription.objects.all()


class SubscriptionEvents(Listed, Resource):
    """`/subscriptions/{id}/events`: the history, the newest first."""

    scope = "subscriptions"
    customer_field = "subscription__customer_id"
    audience = EVERYBODY
    serializer_class = SubscriptionEventBody
    ordering = ("-number",)

    list = subscriptions_on(Listed.list)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the subscription's history.

        :raises core.errors.NotFound: if there is no such subscription, or it is somebody else's.
        """
        key = ids.decode("sub", self.kwargs["subscription"])
        if not _visible(self.actor).filter(pk=key).exists():
            raise errors.NotFound
        return SubscriptionEvent.objects.filter(subscription_id=key)


def _visible(actor: Actor) -> QuerySet[Subscription]:
    rows = Subscription.objects.all()
    return rows.filter(customer_id=actor.customer_id) if actor.customer_id else rows


def _of_whom(request: Request, anybody: type[RequestBody], himself: type[RequestBody]) -> dict[str, Any]:
    """A customer subscribes himself and nobody else."""
    if request.actor.is_customer:
        return {**himself.parse(request), "customer_id": request.actor.customer_id}
    return anybody.parse(request)
