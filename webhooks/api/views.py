"""Webhook endpoints over the API, and what was sent to them."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock, errors, ids
from core.http.serializers import RequestBody
from core.http.views import Listed, Request, Resource, Retrieved, accepted, created, no_content, ok
from webhooks import services
from webhooks.api.filters import DeliveryFilters, EndpointFilters
from webhooks.api.serializers import (
    CreateEndpoint,
    DeliveryBody,
    EndpointBody,
    IssuedEndpointBody,
    ResendRequest,
    ResentBody,
    TestedBody,
    UpdateEndpoint,
)
from webhooks.models import Delivery, Endpoint
from webhooks.signals import WebhookTested


class EndpointViewSet(Listed, Retrieved, Resource):
    """`/webhook-endpoints`. A secret is shown when it is made, and never again."""

    scope = "webhooks"
    prefix = "whe"
    serializer_class = EndpointBody
    filterset_class = EndpointFilters
    secret_fields = ("secret",)
    idempotency = {"test": "optional"}
    request_bodies = {
        "create": CreateEndpoint, "partial_update": UpdateEndpoint, "resend": ResendRequest,
        "rotate_secret": RequestBody, "test": RequestBody,
    }  # fmt: skip
    responses = {
        "create": IssuedEndpointBody, "rotate_secret": IssuedEndpointBody, "resend": {202: ResentBody},
        "test": {202: TestedBody},
    }  # fmt: skip
    aim: services.Aim | None = None

    def get_queryset(self) -> QuerySet[Endpoint]:
        """This function will return the environment's endpoints, without the deleted ones."""
        return Endpoint.objects.all().kept()

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """This function will look where a given URL leads, before the transaction: that asks the network.

        :raises EndpointNotAllowed: if it leads where nothing may be sent.
        """
        super().initial(request, *args, **kwargs)
        shape = {"create": CreateEndpoint, "partial_update": UpdateEndpoint}.get(self.action)
        url = shape.parse(request).get("url") if shape else None
        environment = self.environment()
        if url is not None and environment is not None:
            self.aim = services.aim(url, is_live=environment.is_live)

    def create(self, request: Request) -> Response:
        """This function will register an endpoint and show its secret."""
        body = CreateEndpoint.parse(request)
        body.pop("url")
        return created(_issued(services.create_endpoint(**self._aimed(), **body, **self._author())))

    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will change what is given."""
        body = UpdateEndpoint.parse(request)
        body.pop("url", None)
        return ok(EndpointBody.of(services.update_endpoint(**self._named(), **self._aimed(), **body)))

    def destroy(self, request: Request, pk: str) -> Response:
        """This function will take an endpoint away; what was sent to it stays on record."""
        services.delete_endpoint(**self._named())
        return no_content()

    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: str) -> Response:
        """This function will send an event, or a stretch of time, once more."""
        body = ResendRequest.parse(request)
        if "event" in body:
            event_id = ids.encode("evt", body["event"])
            return accepted({"resent": services.resend_event(event_id=event_id, **self._named())})
        return accepted({"resent": services.resend_range(**body, **self._named())})

    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        """This function will show a new secret; the one before signs as well for 24 hours."""
        RequestBody.parse(request)
        return ok(_issued(services.rotate_secret(**self._named())))

    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """This function will send a test to this endpoint alone."""
        RequestBody.parse(request)
        row = services.send_test(**self._named())
        return accepted({"type": WebhookTested.type, "subject": row.public_id})

    def _author(self) -> dict[str, Any]:
        return {"actor": self.actor, "now": clock.now()}

    def _named(self) -> dict[str, Any]:
        return {"endpoint_id": self.key, **self._author()}

    def _aimed(self) -> dict[str, Any]:
        return {"aim": self.aim} if self.aim is not None else {}


class DeliveryViewSet(Listed, Retrieved, Resource):
    """`/webhook-endpoints/{id}/deliveries`: what was sent, with every attempt."""

    scope = "webhooks"
    prefix = "whd"
    serializer_class = DeliveryBody
    filterset_class = DeliveryFilters

    def get_queryset(self) -> QuerySet[Delivery]:
        """This function will return the endpoint's deliveries with their attempts.

        :raises core.errors.NotFound: if the environment has no such endpoint.
        """
        endpoint_id = ids.decode("whe", self.kwargs["endpoint"])
        if not Endpoint.objects.all().kept().filter(pk=endpoint_id).exists():
            raise errors.NotFound
        return Delivery.objects.filter(endpoint_id=endpoint_id).prefetch_related("tries")


def _issued(issued: services.IssuedSecret) -> dict[str, Any]:
    return {**EndpointBody.of(issued.endpoint), "secret": issued.secret}
