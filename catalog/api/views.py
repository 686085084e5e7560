"""Plans over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from catalog import services
from catalog.api.filters import PlanFilters
from catalog.api.serializers import CreatePlan, PlanBody, PlanVersionBody, UpdatePlan
from catalog.models import Plan, PlanVersion
from core import clock, errors, ids
from core.http.serializers import RequestBody
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, created, ok
from featureflags import services as flags

EVERYBODY_WHO_BUYS = EVERY_SECRET_HOLDER | {"customer", "publishable"}
DETAILS = ("name", "description", "trial_days")
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
        body = _with_terms(CreatePlan.parse(request))
        plan = services.create_plan(**body, actor=request.actor, now=clock.now())
        return created(PlanBody.of(self.rows().get(pk=plan.pk)))

    @plans_on
    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will change a plan's details, and its terms in a new version."""
        body = _with_terms(UpdatePlan.parse(request))
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


def _with_terms(body: dict[str, Any]) -> dict[str, Any]:
    if "prices" in body:
        body["prices"] = [services.NewPrice(**one) for one in body["prices"]]
    if "features" in body:
        body["features"] = [services.NewFeature(**one) for one in body["features"]]
    return body
