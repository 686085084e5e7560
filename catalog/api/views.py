"""Plans, prices and add-ons over HTTP."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from catalog import services
from catalog.api import reading
from catalog.api.filters import AddOnFilters, PlanFilters, PriceFilters
from catalog.api.prices import AddOnBody, CreateAddOn, CreatePrice, PriceBody, UpdatePrice
from catalog.api.serializers import CreatePlan, PlanBody, PlanVersionBody, UpdatePlan
from catalog.models import AddOn, Plan, PlanVersion, Price
from core import clock, errors, ids
from core.http.serializers import RequestBody
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, created, no_content, ok
from featureflags import services as flags

EVERYBODY_WHO_BUYS = EVERY_SECRET_HOLDER | {"customer", "publishable"}
DETAILS = ("name", "description", "trial_days", "proration_basis")
plans_on = flags.requires("plans_enabled")


class Plans(Listed, Retrieved, Resource):
    """What is on offer. Customers and publishable keys see what can be subscribed to, the others everything."""

    scope = "plans"
    prefix = "pln"
    audience = EVERY_SECRET_HOLDER
    audiences = {"list": EVERYBODY_WHO_BUYS, "retrieve": EVERYBODY_WHO_BUYS}
    serializer_class = PlanBody
    filterset_class = PlanFilters
    request_bodies = {"create": CreatePlan, "partial_update": UpdatePlan, "archive": RequestBody}
    responses = {"create": {201: PlanBody}}

    list = plans_on(Listed.list)
    retrieve = plans_on(Retrieved.retrieve)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's plans with their current version fetched."""
        rows = Plan.objects.with_current()
        return rows if self.actor.type in EVERY_SECRET_HOLDER else rows.offered()

    @plans_on
    def create(self, request: Request) -> Response:
        """This function will make a plan with its first version."""
        body = reading.plan(CreatePlan.parse(request))
        plan = services.create_plan(**body, actor=request.actor, now=clock.now())
        return created(PlanBody.of(self.rows().get(pk=plan.pk)))

    @plans_on
    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will change a plan's details, and its terms in a new version."""
        body = reading.plan(UpdatePlan.parse(request))
        details = {name: body.pop(name) for name in DETAILS if name in body}
        services.update_plan(plan_id=self.key, details=details, **body, actor=request.actor, now=clock.now())
        return ok(PlanBody.of(self.get_object()))

    @action(detail=True, methods=["post"])
    @plans_on
    def archive(self, request: Request, pk: str) -> Response:
        """This function will take a plan off the offer."""
        RequestBody.parse(request)
        services.archive_plan(plan_id=self.key, actor=request.actor, now=clock.now())
        return ok(PlanBody.of(self.get_object()))


class PlanVersions(Listed, Resource):
    """`/plans/{id}/versions`: every edition of a plan, drafts included."""

    scope = "plans"
    serializer_class = PlanVersionBody

    list = plans_on(Listed.list)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the plan's versions with their terms fetched.

        :raises core.errors.NotFound: if there is no such plan.
        """
        plan_id = ids.decode("pln", self.kwargs["plan"])
        if not Plan.objects.filter(pk=plan_id).exists():
            raise errors.NotFound
        return PlanVersion.objects.with_terms().filter(plan_id=plan_id)


class Prices(Listed, Retrieved, Resource):
    """Every price of every plan version and add-on. Those of a plan's draft can be made, changed and removed."""

    scope = "prices"
    prefix = "prc"
    serializer_class = PriceBody
    filterset_class = PriceFilters
    request_bodies: Mapping[str, type[RequestBody]] = {"create": CreatePrice, "partial_update": UpdatePrice}
    responses: Mapping[str, Any] = {"create": {201: PriceBody}, "destroy": {204: None}}

    list = plans_on(Listed.list)
    retrieve = plans_on(Retrieved.retrieve)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's prices with what they belong to."""
        return Price.objects.with_owners()

    @plans_on
    def create(self, request: Request) -> Response:
        """This function will add a price to a plan's draft."""
        body = CreatePrice.parse(request)
        plan_id = body.pop("plan_id")
        price = services.create_price(
            plan_id=plan_id, price=reading.price(body), actor=request.actor, now=clock.now()
        )  # fmt: skip
        return created(PriceBody.of(price))

    @plans_on
    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will change a price that is not published yet."""
        changes = reading.members(UpdatePrice.parse(request))
        price = services.update_price(price_id=self.key, changes=changes, actor=request.actor, now=clock.now())
        return ok(PriceBody.of(price))

    @plans_on
    def destroy(self, request: Request, pk: str) -> Response:
        """This function will remove a price that is not published yet."""
        services.delete_price(price_id=self.key, actor=request.actor, now=clock.now())
        return no_content()


class AddOns(Listed, Retrieved, Resource):
    """What is sold beside plans. Customers and publishable keys see what can be added, the others everything."""

    scope = "addons"
    prefix = "add"
    audience = EVERY_SECRET_HOLDER
    audiences = {"list": EVERYBODY_WHO_BUYS, "retrieve": EVERYBODY_WHO_BUYS}
    serializer_class = AddOnBody
    filterset_class = AddOnFilters
    request_bodies: Mapping[str, type[RequestBody]] = {"create": CreateAddOn, "archive": RequestBody}
    responses: Mapping[str, Any] = {"create": {201: AddOnBody}}

    list = plans_on(Listed.list)
    retrieve = plans_on(Retrieved.retrieve)

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's add-ons with their prices fetched."""
        rows = AddOn.objects.with_prices()
        return rows if self.actor.type in EVERY_SECRET_HOLDER else rows.offered()

    @plans_on
    def create(self, request: Request) -> Response:
        """This function will make an add-on with its prices."""
        body = reading.addon(CreateAddOn.parse(request))
        addon = services.create_addon(**body, actor=request.actor, now=clock.now())
        return created(AddOnBody.of(self.rows().get(pk=addon.pk)))

    @action(detail=True, methods=["post"])
    @plans_on
    def archive(self, request: Request, pk: str) -> Response:
        """This function will take an add-on off the offer."""
        RequestBody.parse(request)
        services.archive_addon(addon_id=self.key, actor=request.actor, now=clock.now())
        return ok(AddOnBody.of(self.get_object()))
