"""`/admin/purge`: what may be forgotten, and forgetting it."""

from typing import Any

from rest_framework.response import Response

from audit import purges
from audit.api.serializers import PurgeBody, PurgeRequest, PurgersBody
from core import clock, purging
from core.http.views import Request, Resource, ok

REPLAYED = "Idempotent-Replayed"


class PurgeViewSet(Resource):
    """`/admin/purge`. For operators and system keys everywhere, for a tenant's owners in their environment."""

    scope = "admin"
    audience = frozenset({"operator", "member"})
    step_up = ("create",)
    serializer_class = PurgeBody
    request_bodies = {"create": PurgeRequest}
    responses = {"create": {200: PurgeBody}, "list": PurgersBody}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """This function will answer what can be purged, and after how many days it goes by itself."""
        return ok(PurgersBody.of({"data": purging.purgers()}))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """This function will purge, or count what would be; `targets` empty means everything."""
        body = PurgeRequest.parse(request)
        done = purges.purge(**body, actor=request.actor, now=clock.wall())
        return ok(PurgeBody.of({"outcome": purges.outcome_of(done), "dry_run": body["dry_run"], "targets": done}))

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """This function will answer, and write it down when a finished purge was asked for once more."""
        response = super().dispatch(request, *args, **kwargs)
        here = self.environment()
        if response.has_header(REPLAYED) and here is not None:
            purges.record_repeat(environment_id=here.environment_id, actor=self.actor)
        return response
