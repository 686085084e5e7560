"""`/api-keys`."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import services
from accounts.api.filters import ApiKeyFilters
from accounts.api.serializers import ApiKeyBody, CreateApiKey, IssuedApiKeyBody, RotateApiKey
from accounts.models import ApiKey
from core import clock
from core.http.serializers import RequestBody
from core.http.views import Listed, Request, Resource, Retrieved, created, ok


class ApiKeys(Listed, Retrieved, Resource):
    """The programs that may ask. A secret is shown once, when its key is made."""

    scope = "api-keys"
    prefix = "key"
    serializer_class = ApiKeyBody
    filterset_class = ApiKeyFilters
    secret_fields = ("secret",)
    step_up = ("create", "rotate")
    request_bodies = {"create": CreateApiKey, "rotate": RotateApiKey, "revoke": RequestBody}
    responses = {"create": IssuedApiKeyBody, "rotate": {201: IssuedApiKeyBody}}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's keys."""
        return ApiKey.objects.all()

    def create(self, request: Request) -> Response:
        """This function will issue a key and show its secret."""
        body = CreateApiKey.parse(request)
        return created(_issued(services.issue_api_key(**body, actor=request.actor, now=clock.wall())))

    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """This function will issue a key like this one, which goes on working for the overlap."""
        hours = RotateApiKey.parse(request).get("overlap_hours")
        overlap = services.OVERLAP if hours is None else timedelta(hours=hours)
        issued = services.rotate_api_key(key_id=self.key, overlap=overlap, actor=request.actor, now=clock.wall())
        return created(_issued(issued))

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """This function will end a key at once."""
        RequestBody.parse(request)
        return ok(ApiKeyBody.of(services.revoke_api_key(key_id=self.key, actor=request.actor, now=clock.wall())))


def _issued(issued: services.IssuedKey) -> dict[str, Any]:
    return {**ApiKeyBody.of(issued.key), "secret": issued.secret}
