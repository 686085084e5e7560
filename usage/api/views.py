"""Meters, events, entitlements and usage over HTTP."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts import selectors as accounts
from core import clock, errors
from core.actor import Actor
from core.http import fields, refusals, validation
from core.http.serializers import RequestBody
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, accepted, created, ok
from usage import selectors, services
from usage.acceptance import NewEvent
from usage.api import batches
from usage.api.filters import EntitlementFilters, MeterFilters
from usage.api.parsers import IngestionParser
from usage.api.serializers import (
    AllowancesBody,
    BatchBody,
    BatchRequest,
    EntitlementBody,
    EventBody,
    EventRequest,
    LimitsBody,
    MeterBody,
    MeterRequest,
    StandingBody,
    SummaryBody,
    UseRequest,
)
from usage.models import Entitlement, Meter

AND_CUSTOMERS = EVERY_SECRET_HOLDER | {"customer"}


class Meters(Listed, Retrieved, Resource):
    """What is measured, and how."""

    scope = "meters"
    prefix = "mtr"
    serializer_class = MeterBody
    filterset_class = MeterFilters
    request_bodies: Mapping[str, type[RequestBody]] = {"create": MeterRequest}

    def get_queryset(self) -> QuerySet[Meter]:
        """This function will return the environment's meters."""
        return Meter.objects.all()

    def create(self, request: Request) -> Response:
        """This function will make a meter."""
        body = MeterRequest.parse(request)
        return created(MeterBody.of(services.create_meter(**body, actor=self.actor, now=clock.now())))

    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Response:
        """This function will take a meter out of use."""
        return ok(MeterBody.of(services.archive_meter(meter_id=self.key, actor=self.actor, now=clock.now())))


class Events(Resource):
    """Where usage comes in. An event's own id is its guard against repeats."""

    scope = "events"
    serializer_class = EventBody
    parser_classes = [IngestionParser]
    body_limit = settings.INGESTION_BODY_LIMIT
    rate_class = "ingestion"
    idempotency: Mapping[str, str] = {"create": "optional", "batch": "optional"}
    request_bodies: Mapping[str, type[RequestBody]] = {"create": EventRequest, "batch": BatchRequest}
    responses: Mapping[str, Any] = {"create": {201: EventBody, 200: EventBody}, "batch": {202: BatchBody}}

    def create(self, request: Request) -> Response:
        """This function will store one event: 201, or 200 when its id was known already."""
        event = NewEvent(**EventRequest.parse(request))
        outcome = services.record_event(event=event, actor=self.actor, now=clock.now())
        answer = created if outcome.is_new else ok
        return answer({"id": event.id, "status": outcome.status.value})

    @action(detail=False, methods=["post"])
    def batch(self, request: Request) -> Response:
        """This function will store up to 10,000 events; one that cannot be taken stops no other."""
        return accepted(batches.record(BatchRequest.parse(request)["events"], actor=self.actor, now=clock.now()))


class Usage(Resource):
    """How customers stand, and the use of what is metered."""

    scope = "usage"
    audience = AND_CUSTOMERS
    serializer_class = StandingBody
    idempotency: Mapping[str, str] = {"use": "optional"}
    request_bodies: Mapping[str, type[RequestBody]] = {"use": UseRequest}
    responses: Mapping[str, Any] = {"me": AllowancesBody, "limits": LimitsBody, "summary": SummaryBody}
    # The customer of the query may not be there; the use of a feature tells anyway.
    problems: Mapping[str, Iterable[str]] = {"me": ("404",), "limits": ("404",), "summary": ("404",)}
    parameters: Mapping[str, Iterable[str]] = {
        "me": ("customer",), "limits": ("customer",), "summary": ("customer", "starts_at", "ends_at"),
    }  # fmt: skip

    @property
    def query_parameters(self) -> Iterable[str]:  # type: ignore[override]
        """The parameters of the current action."""
        return self.parameters.get(self.action, ())

    @action(detail=False, methods=["post"])
    def use(self, request: Request) -> Response:
        """This function will use some of a feature, or nothing at all if a hard limit would be passed."""
        body = UseRequest.parse(request)
        customer_id = whose(self.actor, body.get("customer"))
        standing = services.use_feature(
            customer_id=customer_id, feature=body["feature"], delta=body["delta"], actor=self.actor, now=clock.now()
        )
        return ok(StandingBody.of(standing))

    @action(detail=False, methods=["get"])
    def me(self, request: Request) -> Response:
        """This function will show what a customer used of his features in the current periods."""
        customer_id = self._asked_for(request)
        held = selectors.list_allowances(customer_id=customer_id, now=clock.now())
        return ok(AllowancesBody.of({"customer": customer_id, "features": held}))

    @action(detail=False, methods=["get"])
    def limits(self, request: Request) -> Response:
        """This function will show the limits of a customer's features."""
        customer_id = self._asked_for(request)
        held = selectors.list_allowances(customer_id=customer_id, now=clock.now())
        return ok(LimitsBody.of({"customer": customer_id, "limits": held}))

    @action(detail=False, methods=["get"])
    def summary(self, request: Request) -> Response:
        """This function will show what each meter measured of a customer in a period, by default his current month."""
        found = selectors.summarize(
            customer_id=self._asked_for(request), starts_at=_instant(request, "starts_at"),
            ends_at=_instant(request, "ends_at"), now=clock.now(),
        )  # fmt: skip
        return ok(SummaryBody.of(found))

    def _asked_for(self, request: Request) -> UUID:
        name = request.query_params.get("customer")
        if name is None and not self.actor.is_customer:
            raise refusals.InvalidParameter("Say which customer.", parameter="customer")
        return whose(self.actor, name)


class Entitlements(Listed, Retrieved, Resource):
    """What customers may use."""

    scope = "entitlements"
    audience = AND_CUSTOMERS
    prefix = "ent"
    customer_field = "customer_id"
    serializer_class = EntitlementBody
    filterset_class = EntitlementFilters

    def get_queryset(self) -> QuerySet[Entitlement]:
        """This function will return what is granted at the moment."""
        return Entitlement.objects.granted(at=clock.now())


def whose(actor: Actor, name: str | None) -> UUID:
    """This function will return the customer a request is about: a customer himself, or the one it names.

    :raises core.errors.NotFound: if there is no such customer, and for a customer who names another.
    """
    if name is None:
        return actor.customer_id or _refuse_nobody()
    found = accounts.find_customer(name)
    if found is None or (actor.is_customer and found.id != actor.customer_id):
        raise errors.NotFound
    return found.id


def _refuse_nobody() -> UUID:
    raise refusals.ValidationFailed([validation.error("/customer", "required", "Say which customer.")])


def _instant(request: Request, name: str) -> Any:
    text = request.query_params.get(name)
    try:
        return None if text is None else fields.Instant().to_internal_value(text)
    except ValidationError:
        raise refusals.InvalidParameter(f"The value of {name} is not valid.", parameter=name) from None
