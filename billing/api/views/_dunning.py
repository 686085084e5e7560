"""Dunning over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from billing import selectors, services
from billing.api.filters import DunningFilters
from billing.api.serializers import (
    ChangeDunningPolicy,
    DunningCaseBody,
    DunningPolicyBody,
    ExtendDunning,
    RetryDunning,
    WriteOffDunning,
)
from billing.models import DunningCase, DunningPolicy
from core import clock, errors, ids
from core.http.views import Listed, Request, Resource, Retrieved, accepted, no_content, ok


class DunningPolicyPage(Resource):
    """`/dunning-policy`: how declines are followed up in the environment."""

    scope = "dunning"
    serializer_class = DunningPolicyBody
    request_bodies = {"partial_update": ChangeDunningPolicy}

    @property
    def plan(self) -> str:
        """The plan whose policy it is; nothing for that of the environment."""
        return ""

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the policies that the environment has decided on."""
        return DunningPolicy.objects.all()

    def retrieve(self, request: Request, **_: Any) -> Response:
        """This function will answer how declines are followed up."""
        return ok(DunningPolicyBody.of(selectors.get_dunning_policy(self.plan)))

    def partial_update(self, request: Request, **_: Any) -> Response:
        """This function will change how what is declined from now on is followed up."""
        changes = ChangeDunningPolicy.parse(request)
        policy = selectors.get_dunning_policy(self.plan).policy.changed(**changes)
        services.change_dunning_policy(policy=policy, plan=self.plan, actor=request.actor, now=clock.now())
        return ok(DunningPolicyBody.of(selectors.get_dunning_policy(self.plan)))


class PlanDunningPolicies(DunningPolicyPage):
    """`/dunning-policies/{plan}`: how declines of one plan's subscriptions are followed up."""

    prefix = "pln"

    @property
    def plan(self) -> str:
        """The plan of the path.

        :raises core.errors.NotFound: if the environment has no such plan.
        """
        named = ids.encode(self.prefix, self.key)
        if not selectors.is_plan(named):
            raise errors.NotFound
        return named

    def destroy(self, request: Request, pk: str) -> Response:
        """This function will let the environment's policy hold again for the plan."""
        services.drop_dunning_policy(plan=self.plan, actor=request.actor, now=clock.now())
        return no_content()


class Dunning(Listed, Retrieved, Resource):
    """Declined invoices: what is due, what was tried and what comes next; the newest first."""

    scope = "dunning"
    prefix = "dun"
    serializer_class = DunningCaseBody
    filterset_class = DunningFilters
    request_bodies = {"retry": RetryDunning, "extend": ExtendDunning, "write_off": WriteOffDunning}
    responses = {"retry": {202: DunningCaseBody}}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's cases with what is shown of them fetched."""
        return DunningCase.objects.select_related("invoice").prefetch_related("steps")

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """This function will try the invoice again now; the schedule stays as it is."""
        body = RetryDunning.parse(request)
        services.retry_dunning(dunning_id=self.key, actor=request.actor, now=clock.now(), **body)
        return accepted(self._shown())

    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """This function will give the customer more time."""
        body = ExtendDunning.parse(request)
        services.extend_dunning(dunning_id=self.key, actor=request.actor, now=clock.now(), **body)
        return ok(self._shown())

    @action(detail=True, methods=["post"], url_path="write-off")
    def write_off(self, request: Request, pk: str) -> Response:
        """This function will write the invoice off; what it billed ends as when all has failed."""
        body = WriteOffDunning.parse(request)
        services.write_off_dunning(dunning_id=self.key, actor=request.actor, now=clock.now(), **body)
        return ok(self._shown())

    def _shown(self) -> Any:
        return DunningCaseBody.of(self.get_queryset().get(pk=self.key))
