"""`/subscriptions/{id}/schedule`: what is to change, when, and what became of it."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock, errors, ids
from core.http.filters import Filters, WordFilter
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, created, ok
from featureflags import services as flags
from subscriptions import services
from subscriptions.api.change_bodies import ReplaceChange, ReplaceOwnChange, ScheduledChangeBody, WithdrawChange
from subscriptions.api.own_bodies import OwnScheduledChangeBody
from subscriptions.models import ScheduledChange, Subscription

subscriptions_on = flags.requires("subscriptions_enabled")


class ScheduledChangeFilters(Filters):
    state = WordFilter(ScheduledChange.State.values)


class ScheduledChanges(Listed, Retrieved, Resource):
    """Scheduled changes of a subscription, the newest first. A customer sees his own."""

    scope = "subscriptions"
    prefix = "chg"
    customer_field = "subscription__customer_id"
    audience = EVERY_SECRET_HOLDER
    audiences = dict.fromkeys(("list", "retrieve"), EVERY_SECRET_HOLDER | {"customer"})
    serializer_class = ScheduledChangeBody
    filterset_class = ScheduledChangeFilters
    request_bodies = {"replace": ReplaceChange, "withdraw": WithdrawChange}
    responses = {"replace": {201: ScheduledChangeBody}, "withdraw": ScheduledChangeBody}

    list = subscriptions_on(Listed.list)
    retrieve = subscriptions_on(Retrieved.retrieve)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the subscription's changes.

        :raises core.errors.NotFound: if there is no such subscription, or it is somebody else's.
        """
        key = ids.decode("sub", self.kwargs["subscription"])
        owned = Subscription.objects.filter(pk=key)
        if self.actor.customer_id:
            owned = owned.filter(customer_id=self.actor.customer_id)
        if not owned.exists():
            raise errors.NotFound
        return ScheduledChange.objects.select_related("subscription").filter(subscription_id=key)

    def get_serializer_class(self) -> type[ScheduledChangeBody]:
        """This function will return what the actor reads of a change."""
        return OwnScheduledChangeBody if self.actor.is_customer else ScheduledChangeBody

    def get_serializer_context(self) -> dict[str, Any]:
        """This function will say who asks."""
        return {**super().get_serializer_context(), "asker": self.actor}

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def replace(self, request: Request, pk: str, **path: str) -> Response:
        """This function will put another change in the place of one that waits."""
        body = self.request_bodies["replace"].parse(request)
        row = services.replace_change(change_id=self.get_object().pk, **body, actor=request.actor, now=clock.now())
        return created(self.get_serializer_class().of(row, asker=self.actor))

    @action(detail=True, methods=["post"])
    @subscriptions_on
    def withdraw(self, request: Request, pk: str, **path: str) -> Response:
        """This function will take back a change that waits."""
        body = WithdrawChange.parse(request)
        row = services.withdraw_change(change_id=self.get_object().pk, **body, actor=request.actor, now=clock.now())
        return ok(self.get_serializer_class().of(row, asker=self.actor, said=body.get("reason", "")))


class OwnScheduledChanges(ScheduledChanges):
    """`/subscriptions/me/{id}/schedule`: he sees them in any case, and changes them where he may change what he has."""

    audience = frozenset({"customer"})
    audiences = {}
    serializer_class = OwnScheduledChangeBody
    responses = {"replace": {201: OwnScheduledChangeBody}, "withdraw": OwnScheduledChangeBody}
    request_bodies = {"replace": ReplaceOwnChange, "withdraw": WithdrawChange}
