"""Gifts, over HTTP."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock, errors
from core.http import refusals
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, created, ok
from gifts import services
from gifts.api.filters import GiftFilters
from gifts.api.serializers import BuyGift, CancelGift, GiftBody, RedeemGift
from gifts.models import Gift


class GiftViewSet(Listed, Retrieved, Resource):
    """`/gifts`: a customer sees and cancels what he bought, and redeems what he was given."""

    scope = "gifts"
    prefix = "gft"
    audience = EVERY_SECRET_HOLDER | {"customer"}
    customer_field = "buyer_id"
    serializer_class = GiftBody
    filterset_class = GiftFilters
    request_bodies = {"create": BuyGift, "redeem": RedeemGift, "cancel": CancelGift}
    responses = {"create": {201: GiftBody}, "redeem": GiftBody, "cancel": GiftBody, "resend": GiftBody}

    def get_queryset(self) -> QuerySet[Gift]:
        """This function will return the environment's gifts."""
        return Gift.objects.all()

    def create(self, request: Request) -> Response:
        """This function will sell a gift; its invoice is collected at once."""
        body = BuyGift.parse(request)
        gift = services.buy_gift(
            buyer_id=self._customer(body, "buyer"), plan_id=body["plan_id"], intervals=body["intervals"],
            recipient=services.Recipient(**body["recipient"]), currency=body["currency"], actor=request.actor,
            now=clock.now(),
        )  # fmt: skip
        return created(GiftBody.of(gift))

    @action(detail=False, methods=["post"])
    def redeem(self, request: Request) -> Response:
        """This function will turn a gift into a subscription."""
        body = RedeemGift.parse(request)
        customer_id, now = self._customer(body, "customer"), clock.now()
        if ("code" in body) == ("gift_id" in body):
            raise _refused("/code", "required", "Give either the code or the gift's id.")
        if "code" in body:
            return ok(
                GiftBody.of(
                    services.redeem_code(code=body["code"], customer_id=customer_id, actor=request.actor, now=now)
                )
            )
        return ok(
            GiftBody.of(
                services.redeem_gift(gift_id=body["gift_id"], customer_id=customer_id, actor=request.actor, now=now)
            )
        )

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """This function will take a gift back before it is redeemed."""
        body, gift = CancelGift.parse(request), self.get_object()
        return ok(GiftBody.of(services.cancel_gift(gift_id=gift.id, actor=request.actor, now=clock.now(), **body)))

    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: str) -> Response:
        """This function will have a delivered gift mailed once more."""
        gift = services.resend_gift(gift_id=self.get_object().id, actor=request.actor, now=clock.now())
        return ok(GiftBody.of(gift))

    def _customer(self, body: dict[str, Any], name: str) -> UUID:
        """A customer acts for himself; a backend says for whom."""
        own = self.actor.customer_id if self.actor.is_customer else None
        named: UUID | None = body.get(f"{name}_id", own)
        if named is None:
            raise _refused(f"/{name}", "required", "This field is required.")
        if own is not None and named != own:
            raise errors.NotFound
        return named


def _refused(pointer: str, code: str, message: str) -> refusals.ValidationFailed:
    return refusals.ValidationFailed([{"pointer": pointer, "code": code, "message": message}])
