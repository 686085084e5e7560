"""Subscriptions over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock, errors, ids
from core.actor import Actor
from core.http.permissions import MissingScope
from core.http.serializers import RequestBody
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, created, ok
from featureflags import services as flags
from subscriptions import services
from subscriptions.api import change_views
from subscriptions.api.filters import SubscriptionFilters
from subscriptions.api.history import SubscriptionEventBody
from subscriptions.api.own_bodies import OwnSubscriptionEventBody
from subscriptions.api.reading import body_for, find, holdings, shown, with_holdings
from subscriptions.api.serializers import (
    AddAddOn,
    CancelOwnSubscription,
    CancelSubscription,
    CreateOwnSubscription,
    CreateSubscription,
    EndSubscription,
    ExtendTrial,
    PauseOwnSubscription,
    PauseSubscription,
    RedeemCoupon,
    RemoveAddOn,
    RenewSubscription,
    StartOwnTrial,
    StartTrial,
    SubscriptionAddOnBody,
    SubscriptionBody,
)
from subscriptions.models import PAGES, Subscription, SubscriptionAddOn, SubscriptionEvent

CREDITING = "credit-notes:write"
EVERYBODY = EVERY_SECRET_HOLDER | {"customer"}
ANY_EVENT: Any = PolymorphicProxySerializer(
    component_name="AnySubscriptionEvent", serializers=[SubscriptionEventBody, OwnSubscriptionEventBody],
    resource_type_field_name=None,
)  # fmt: skip
subscriptions_on = flags.requires("subscriptions_enabled")


class Subscriptions(change_views.Changing, Listed, Retrieved, Resource):
    """Who subscribes to what. A customer sees, makes, renews and cancels his own."""

    scope = "subscriptions"
    prefix = "sub"
    customer_field = "customer_id"
    audience = EVERYBODY
    audiences = change_views.AUDIENCES | dict.fromkeys(("end", "activate", "extend_trial"), EVERY_SECRET_HOLDER)
    idempotency = {"change_preview": "none"}
    serializer_class = SubscriptionBody
    filterset_class = SubscriptionFilters
    request_bodies = change_views.REQUESTS | {
        "create": CreateSubscription,
        "trial": StartTrial,
        "cancel": CancelSubscription,
        "renew": RenewSubscription,
        "coupons": RedeemCoupon,
        "pause": PauseSubscription,
        "end": EndSubscription,
        "extend_trial": ExtendTrial,
    }
    responses = change_views.RESPONSES | {
        "create": {201: SubscriptionBody},
        "trial": {201: SubscriptionBody},
        "destroy": SubscriptionBody,
    }

    pages = PAGES
    list = subscriptions_on(Listed.list)
    retrieve = subscriptions_on(Retrieved.retrieve)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's subscriptions."""
        return Subscription.objects.all()

    def get_object(self) -> Subscription:
        """This function will return the subscription of the id in the path.

        :raises core.errors.NotFound: also for somebody else's, in the same words.
        """
        found = find(self.kwargs["pk"])
        if found is None or (self.actor.is_customer and self.actor.customer_id != found.customer_id):
            raise errors.NotFound
        return found

    def get_serializer_class(self) -> type[SubscriptionBody]:
        """This function will return what the actor reads of a subscription."""
        return body_for(self.actor)

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """This function will fetch what the rows hold with at most two more queries, however many they are."""
        return with_holdings(super().get_serializer, self.actor, *arguments, **options)

    @subscriptions_on
    def create(self, request: Request) -> Response:
        """This function will subscribe a customer to a plan."""
        body = _of_whom(request, CreateSubscription, CreateOwnSubscription)
        row = services.create_subscription(**body, actor=request.actor, now=clock.now())
        # A new one holds what was asked for; where that is nothing, nobody has to look.
        holds = holdings([row] if body.get("addons") or body.get("coupons") else [])
        return created(SubscriptionBody.of(row, **holds))

    @action(detail=False, methods=["post"])
    @subscriptions_on
    def trial(self, request: Request) -> Response:
        """This function will start a trial, or refuse: nothing is charged at once."""
        body = _of_whom(request, StartTrial, StartOwnTrial)
        row = services.start_trial(**body, actor=request.actor, now=clock.now())
        return created(shown(row, self.actor))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def cancel(self, request: Request, pk: str) -> Response:
        """This function will cancel a subscription: now, at an instant, or when what is paid for is used up."""
        kind = CancelOwnSubscription if self.actor.is_customer else CancelSubscription
        return self._cancel(request, with_refund(self.actor, kind.parse(request)))

    @action(detail=True, methods=["post"], url_path="undo-cancellation")
    @subscriptions_on
    def undo_cancellation(self, request: Request, pk: str) -> Response:
        """This function will let a subscription go on whose cancellation has not taken effect."""
        return self._done(services.undo_cancellation)

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def pause(self, request: Request, pk: str) -> Response:
        """This function will pause a subscription, now or when its period ends."""
        kind = PauseOwnSubscription if self.actor.is_customer else PauseSubscription
        return self._done(services.pause_subscription, with_refund(self.actor, kind.parse(request)))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def resume(self, request: Request, pk: str) -> Response:
        """This function will let a paused subscription go on, or withdraw a pause that has not begun."""
        return self._done(services.resume_subscription)

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def end(self, request: Request, pk: str) -> Response:
        """This function will end a subscription at once, with a last invoice for what is open."""
        return self._done(services.end_subscription, with_refund(self.actor, EndSubscription.parse(request)))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def activate(self, request: Request, pk: str) -> Response:
        """This function will end a trial now and begin the paid time."""
        return self._done(services.activate_subscription)

    @action(detail=True, methods=["post"], url_path="trial/extend")
    @subscriptions_on
    def extend_trial(self, request: Request, pk: str) -> Response:
        """This function will lengthen a trial."""
        return self._done(services.extend_trial, ExtendTrial.parse(request))

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
        return ok(shown(row, self.actor))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def coupons(self, request: Request, pk: str) -> Response:
        """This function will redeem a coupon: it reduces the invoices from the next one on."""
        body = RedeemCoupon.parse(request)
        row = services.redeem_coupon(subscription_id=self.get_object().pk, **body, actor=request.actor, now=clock.now())
        return ok(shown(row, self.actor))

    def shown(self, row: Subscription) -> Any:
        """This function will return a subscription as it is answered after a verb."""
        return shown(row, self.actor)

    def _cancel(self, request: Request, body: dict[str, Any]) -> Response:
        return self._done(services.cancel_subscription, body)

    def _done(self, verb: Callable[..., Subscription], body: dict[str, Any] | None = None) -> Response:
        row = verb(subscription_id=self.get_object().pk, **body or {}, actor=self.actor, now=clock.now())
        return ok(shown(row, self.actor))


class SubscriptionAddOns(Listed, Resource):
    """`/subscriptions/{id}/addons`: what is taken beside the plan. A customer sees his own."""

    scope = "subscriptions"
    prefix = "sao"
    customer_field = "subscription__customer_id"
    audience = EVERY_SECRET_HOLDER
    audiences = {"list": EVERYBODY}
    serializer_class = SubscriptionAddOnBody
    request_bodies = {"create": AddAddOn, "remove": RemoveAddOn}
    responses = {"create": {201: SubscriptionAddOnBody}, "remove": SubscriptionAddOnBody}

    list = subscriptions_on(Listed.list)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the subscription's add-ons, removed ones too.

        :raises core.errors.NotFound: if there is no such subscription, or it is somebody else's.
        """
        return SubscriptionAddOn.objects.filter(subscription_id=_visible_key(self))

    @subscriptions_on
    def create(self, request: Request, **path: str) -> Response:
        """This function will add an add-on; one that recurs is charged for the rest of the period."""
        body = AddAddOn.parse(request)
        row = services.add_addon(
            subscription_id=_visible_key(self), **_behavior(body), actor=request.actor, now=clock.now()
        )
        return created(SubscriptionAddOnBody.of(row))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def remove(self, request: Request, pk: str, **path: str) -> Response:
        """This function will take an add-on off; the rest of the period is credited."""
        body = RemoveAddOn.parse(request)
        row = services.remove_addon(
            subscription_id=_visible_key(self), item_id=self.get_object().pk, **_behavior(body), actor=request.actor,
            now=clock.now(),
        )  # fmt: skip
        return ok(SubscriptionAddOnBody.of(row))


class SubscriptionEvents(Listed, Resource):
    """`/subscriptions/{id}/events`: the history, the newest first."""

    scope = "subscriptions"
    customer_field = "subscription__customer_id"
    audience = EVERYBODY
    serializer_class = ANY_EVENT
    ordering = ("-number",)

    list = subscriptions_on(Listed.list)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the subscription's history.

        :raises core.errors.NotFound: if there is no such subscription, or it is somebody else's.
        """
        return SubscriptionEvent.objects.filter(subscription_id=_visible_key(self)).with_previous()

    def get_serializer_class(self) -> type[SubscriptionEventBody]:
        """This function will return what the actor reads of the history."""
        return OwnSubscriptionEventBody if self.actor.is_customer else SubscriptionEventBody

    def get_serializer_context(self) -> dict[str, Any]:
        """This function will say who asks."""
        return {**super().get_serializer_context(), "asker": self.actor}


def _visible_key(view: Resource) -> UUID:
    """The id of the subscription in the path, if the actor may know of it."""
    key = ids.decode("sub", view.kwargs["subscription"])
    if not _visible(view.actor).filter(pk=key).exists():
        raise errors.NotFound
    return key


def _behavior(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"behavior": services.Behavior(body["behavior"])} if "behavior" in body else body


def with_refund(actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
    """This function will return a body whose refund is one of ours; to give money back takes the right to credit.

    :raises core.http.permissions.MissingScope: if the actor lacks it.
    """
    if "refund" not in body:
        return body
    refund = services.Refund(body["refund"])
    if refund is not services.Refund.NONE and not actor.may(CREDITING):
        raise MissingScope(scope=CREDITING)
    return body | {"refund": refund}


def _visible(actor: Actor) -> QuerySet[Subscription]:
    rows = Subscription.objects.all()
    return rows.filter(customer_id=actor.customer_id) if actor.customer_id else rows


def _of_whom(request: Request, anybody: type[RequestBody], himself: type[RequestBody]) -> dict[str, Any]:
    """A customer subscribes himself and nobody else."""
    if request.actor.is_customer:
        return {**himself.parse(request), "customer_id": request.actor.customer_id}
    return anybody.parse(request)
