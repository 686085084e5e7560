"""`/environments`."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import moves, services
from accounts.api.serializers import AdvanceClock, ClockBody, EnvironmentBody, UpdateEnvironment
from core import clock, errors, tenancy
from core.http import cors, refusals
from core.http.pagination import read_limit
from core.http.views import Listed, Request, Resource, Retrieved, accepted, ok
from core.models import Environment
from jobs import services as jobs

# Of what fits into the column; beyond it there is nothing.
LONGEST_PLACE = 18


class Environments(Listed, Retrieved, Resource):
    """The tenant's worlds: one live, and sandboxes whose clock can be moved."""

    scope = "environments"
    prefix = "env"
    serializer_class = EnvironmentBody
    request_bodies = {"partial_update": UpdateEnvironment, "advance": AdvanceClock}
    responses = {"advance": {202: EnvironmentBody}, "read_clock": ClockBody}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the tenant's environments."""
        return Environment.objects.of_tenants().filter(tenant_id=tenancy.require().tenant_id)

    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will change who may read the answers of the credentials' environment in a browser."""
        body = UpdateEnvironment.parse(request)
        row = self.get_object()
        if row.pk != tenancy.environment_id():
            raise errors.NotFound
        if "allowed_origins" in body:
            row = services.allow_origins(origins=body["allowed_origins"], actor=request.actor, now=clock.now())
            transaction.on_commit(cors.origins.forget)
        return ok(EnvironmentBody.of(row))

    @action(detail=True, methods=["post"], url_path="clock/advance")
    def advance(self, request: Request, pk: str) -> Response:
        """This function will let time pass in the sandbox of the credentials; what falls due on the way happens."""
        body = AdvanceClock.parse(request)
        if self.key != tenancy.environment_id():
            raise errors.NotFound
        environment = jobs.advance_clock(to=_target(body), actor=request.actor, now=clock.now())
        answer = accepted(EnvironmentBody.of(environment))
        answer["Location"] = f"{request.path.removesuffix('/advance')}"
        return answer

    @action(detail=True, methods=["get"], url_path="clock", query_parameters=("after", "limit"))
    def read_clock(self, request: Request, pk: str) -> Response:
        """This function will answer how far the clock is, and what happened while it was moved the last time."""
        if self.key != tenancy.environment_id():
            raise errors.NotFound
        after, seen = _place(request), moves.get_clock()
        happened = moves.list_happened(seen, after=after, limit=read_limit(request))
        last = happened[-1].sequence if happened else after
        return ok(ClockBody.of({**vars(seen), "happened": happened, "last_sequence": last}))


def _place(request: Request) -> int:
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_PLACE):
        raise refusals.InvalidParameter("after must be a whole number from 0.", parameter="after")
    return int(text)


def _target(body: dict[str, Any]) -> datetime:
    if "to" in body:
        target: datetime = body["to"]
        return target
    return clock.now() + timedelta(days=body["by_days"])
