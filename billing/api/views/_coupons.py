"""Coupons over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from billing import services
from billing.api.filters import CouponFilters, RedemptionFilters
from billing.api.serializers import CouponBody, CreateCoupon, RedemptionBody, UpdateCoupon
from billing.models import Coupon, CouponRedemption
from core import clock, errors, ids
from core.http.serializers import RequestBody
from core.http.views import Listed, Request, Resource, Retrieved, created, ok


class Coupons(Listed, Retrieved, Resource):
    """Reductions that customers redeem by a code; the newest first."""

    scope = "coupons"
    prefix = "cpn"
    serializer_class = CouponBody
    filterset_class = CouponFilters
    request_bodies = {"create": CreateCoupon, "partial_update": UpdateCoupon, "archive": RequestBody}
    responses = {"create": {201: CouponBody}}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's coupons."""
        return Coupon.objects.all()

    def create(self, request: Request) -> Response:
        """This function will make a coupon."""
        body = CreateCoupon.parse(request)
        return created(CouponBody.of(services.create_coupon(**body, actor=request.actor, now=clock.now())))

    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will change a coupon's name or limits, or its terms as long as nobody has redeemed it."""
        changes = UpdateCoupon.parse(request)
        row = services.update_coupon(coupon_id=self.key, changes=changes, actor=request.actor, now=clock.now())
        return ok(CouponBody.of(row))

    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Response:
        """This function will stop giving a coupon out; whoever holds it keeps it."""
        RequestBody.parse(request)
        return ok(CouponBody.of(services.archive_coupon(coupon_id=self.key, actor=request.actor, now=clock.now())))


class CouponRedemptions(Listed, Resource):
    """`/coupons/{id}/redemptions`: who holds a coupon for what, and who gave it back."""

    scope = "coupons"
    serializer_class = RedemptionBody
    filterset_class = RedemptionFilters

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the coupon's redemptions.

        :raises core.errors.NotFound: if there is no such coupon.
        """
        coupon_id = ids.decode("cpn", self.kwargs["coupon"])
        if not Coupon.objects.filter(pk=coupon_id).exists():
            raise errors.NotFound
        return CouponRedemption.objects.filter(coupon_id=coupon_id)
