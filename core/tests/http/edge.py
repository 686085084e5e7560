"""A small API of tenants, for tests of the edge itself: routes, a resource with every kind of handler."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.response import Response

from core import context, errors
from core.actor import ANONYMOUS, Actor
from core.http import filters, refusals, serializers
from core.http.gateway import Begun
from core.http.routes import Router
from core.http.views import Listed, Request, Resource, Retrieved, created, no_content, ok
from core.idempotency import effects
from core.idempotency.effects import NeverHappened, Unanswered
from core.models import Tenant
from core.tenancy import scopes


class AlreadyThere(errors.Conflict):
    code = "already_there"
    title = "It is already there."


class Declined(errors.Invalid):
    code = "card_declined"
    title = "The card was declined."


# One refusal per status that executing a request, or a guard on the way there, may end with.
REFUSALS: dict[int, errors.Refusal] = {
    400: refusals.Malformed(), 401: refusals.Unauthenticated(), 402: Declined(), 403: errors.Forbidden(),
    404: errors.NotFound(), 405: refusals.MethodNotAllowed(), 409: AlreadyThere(), 411: refusals.LengthRequired(),
    413: refusals.TooLarge(), 415: refusals.UnsupportedMedia(), 422: errors.Invalid(), 429: refusals.RateLimited(),
    503: errors.Unavailable(),
}  # fmt: skip


class Strangers(BaseAuthentication):
    """`Authorization: key`, `customer` or `poor`; anything else is a bad credential."""

    def authenticate(self, request: Any) -> tuple[Any, Any]:
        who = request.META.get("HTTP_AUTHORIZATION", "")
        scopes_of = {"key": {"read", "write"}, "key2": {"read", "write"}, "poor": {"things:read"}, "customer": set()}
        if not who:
            return ANONYMOUS, scopes.current()
        if who not in scopes_of:
            raise refusals.Unauthenticated
        kind = "customer" if who == "customer" else "key"
        return Actor(type=kind, id=f"{kind}_{who}", scopes=frozenset(scopes_of[who])), scopes.current()


class Address(serializers.RequestBody):
    city = serializers.StrictString(max_length=20)


class NewThing(serializers.RequestBody):
    name = serializers.StrictString(max_length=50)
    slug = serializers.StrictString(max_length=40)
    address = Address(required=False)
    addresses = Address(many=True, required=False)


class ThingBody(serializers.ResponseBody):
    id = serializers.PublicId("tnt")
    name = serializers.StrictString()


class ThingFilters(filters.Filters):
    name = filters.TextFilter()
    created_from = filters.InstantFilter(field_name="created_at", lookup_expr="gte")


class Charging:
    """A gateway that can be slow, silent or unwilling, and the steps of having things paid there.

    In hand is a card, which only the request knows, or a token, which the intent keeps.
    """

    status = 201

    def __init__(self) -> None:
        self.book: set[Any] = set()
        self.asked = self.charges = self.notes = 0
        self.is_silent = self.acts_when_silent = self.acts_first = self.declines = False
        self.meanwhile: Callable[[], Any] | None = None
        self.places: list[tuple[Any, str]] = []

    def ask(self, subject: UUID, in_hand: Any) -> Any:
        self.places.append((scopes.environment_id(), context.current().request_id))
        if in_hand is None and subject not in self.book and self._row(subject).name != "tok_1":
            raise NeverHappened
        self.asked += 1
        if self.acts_first:
            self._charge(subject)
        if self.meanwhile is not None:
            self.meanwhile()
        if self.is_silent:
            self._charge(subject) if self.acts_when_silent else None
            raise Unanswered
        self._charge(subject)
        return "declined" if self.declines else "paid"

    def note(self, subject: UUID, answer: Any) -> None:
        self.notes += 1
        Tenant.objects.filter(pk=subject).update(name=answer)

    def finish(self, subject: UUID) -> Any:
        row = self._row(subject)
        if row.name == "declined":
            raise Declined
        return {"id": str(row.pk), "said": row.name}

    def waiting(self, subject: UUID) -> Any:
        return {"status": "processing"}

    def abandon(self, subject: UUID) -> None:
        Tenant.objects.filter(pk=subject).update(name="given up")

    def _charge(self, subject: UUID) -> None:
        self.charges += subject not in self.book
        self.book.add(subject)

    def _row(self, subject: UUID) -> Tenant:
        with transaction.atomic():
            return Tenant.objects.get(pk=subject)


CHARGING = Charging()
effects.register("tests.pay", CHARGING)


class Things(Listed, Retrieved, Resource):
    scope = "things"
    prefix = "tnt"
    audience = ("key",)
    audiences = {"hello": ("anonymous", "customer", "key")}
    authentication_classes = [Strangers]
    serializer_class = ThingBody
    filterset_class = ThingFilters
    idempotency = {"hello": "none", "boom": "optional"}
    effects = {"pay": "tests.pay"}
    request_bodies = dict.fromkeys(
        ("create", "secret", "boom", "refuse", "refused", "answered", "big", "pay"), NewThing
    )  # fmt: skip
    responses = {"hello": serializers.ResponseBody}

    def get_queryset(self) -> models.QuerySet[Tenant]:
        return Tenant.objects.all()

    def create(self, request: Request) -> Response:
        """Create a thing."""
        body = NewThing.parse(request)
        return created(ThingBody.of(Tenant.objects.create(name=body["name"], slug=body["slug"])))

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change nothing."""
        return ok(ThingBody.of(self.get_object()))

    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a thing."""
        self.get_object().delete()
        return no_content()

    @action(detail=False, methods=["post"], secret_fields=("secret",))
    def secret(self, request: Request) -> Response:
        """Make a secret."""
        return created({"id": "x", "secret": "s3cret-value"})

    @action(detail=False, methods=["get", "post"])
    def hello(self, request: Request) -> Response:
        """Greet anybody."""
        return ok({"who": request.actor.label, "request_id": context.current().request_id})

    @action(detail=False, methods=["post"])
    def refuse(self, request: Request) -> Response:
        """Change something and refuse."""
        Tenant.objects.create(name="lost", slug="lost")
        raise AlreadyThere(since="yesterday")

    @action(detail=False, methods=["post"])
    def boom(self, request: Request) -> Response:
        """Fail in the ways of databases and programs."""
        Tenant.objects.create(name="lost", slug="lost")
        sent: Any = request.data
        kind = sent["kind"]
        if kind == "duplicate":
            Tenant.objects.create(name="again", slug="lost")
        elif kind == "long":
            Tenant.objects.create(name="n" * 300, slug="long")
        elif kind == "unregistered":
            raise IntegrityError("no diagnostics")
        raise RuntimeError("nobody anticipated this")

    @action(detail=False, methods=["post"])
    def big(self, request: Request) -> Response:
        """Make a thing and answer more of it than is kept."""
        made = Tenant.objects.create(name="n" * 200, slug="big")
        return created({**ThingBody.of(made), "more": "m" * 70_000})

    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Make a thing and answer more than is kept, of nothing that could be shown again."""
        Tenant.objects.create(name="bulk", slug="bulk")
        return created({"rows": ["r" * 70_000]})

    @action(detail=False, methods=["post"])
    def answered(self, request: Request) -> Response:
        """Make a thing and answer with a status that is no result."""
        sent: Any = request.data
        Tenant.objects.create(name="kept", slug="kept")
        return Response({"said": "no"}, status=sent["status"])

    @action(detail=False, methods=["post"])
    def refused(self, request: Request) -> Response:
        """Make a thing and refuse with the status that is asked for."""
        sent: Any = request.data
        Tenant.objects.create(name="lost", slug="lost")
        raise REFUSALS[sent["status"]]

    @action(detail=False, methods=["post"])
    def pay(self, request: Request) -> Any:
        """Begin to have something paid."""
        sent: Any = request.data
        if "invalid" in sent:
            raise refusals.ValidationFailed([])
        row = Tenant.objects.create(name=sent.get("token", "card"), slug=f"intent-{Tenant.objects.count()}")
        if "refuse" in sent:
            raise AlreadyThere
        if "fail" in sent:
            raise RuntimeError("nobody anticipated this")
        return Begun(subject=row.pk, in_hand=sent.get("token") or sent["card"])

    @action(detail=False, methods=["get"])
    def writes(self, request: Request) -> Response:
        """Write where only reading is allowed."""
        Tenant.objects.create(name="lost", slug="lost")
        return ok({})

    @action(detail=False, methods=["get"])
    def mode(self, request: Request) -> Response:
        """Say whether the transaction is read-only."""
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            return ok({"read_only": cursor.fetchone()[0]})


class Forgetful(Resource):
    """Declares no scope."""

    authentication_classes = [Strangers]

    def list(self, request: Request) -> Response:
        return ok([])


def raises(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("nobody anticipated this")


router = Router()
router.register("things", Things, basename="things")
router.register("forgetful", Forgetful, basename="forgetful")

urlpatterns = [path("api/v1/", include(router.urls)), path("api/raises", raises), path("raises", raises)]

handler400 = "core.http.errors.bad_request"
handler403 = "core.http.errors.permission_denied"
handler404 = "core.http.errors.not_found"
handler500 = "core.http.errors.server_error"
