"""The base of every resource: who asks, may he, in which environment, in one transaction, and once.

A request passes framing → authentication → permission → rate limit → environment → transaction → idempotency → the
handler; the response is rendered inside the transaction, so that what was committed is what is sent.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request as FrameworkRequest
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core import errors, ids, problems
from core.actor import Actor
from core.http import filters, gateway, idempotency, preconditions, refusals, throttling, transactions
from core.http.serializers import RequestBody
from core.tenancy import scopes
from core.tenancy.prepared import Pages

EVERY_SECRET_HOLDER = frozenset({"key", "member", "operator"})


class Request(FrameworkRequest):
    """A request whose author is known."""

    actor: Actor


class Resource(GenericViewSet[Any]):
    """A resource of the API. The attributes below are its whole declaration; see the mixins for reading."""

    # "invoices": safe methods need invoices:read, others invoices:write. With a colon it is taken as it stands.
    scope: str = ""
    audience: Iterable[str] = EVERY_SECRET_HOLDER
    audiences: Mapping[str, Iterable[str]] = {}  # by action, where it differs
    prefix: str = ""
    customer_field: str = ""  # rows of a customer actor: `customer_id`; without it customers see every row
    idempotency: Mapping[str, str] = {}  # action → required | optional | none
    effects: Mapping[str, str] = {}  # action → what it does at a gateway within the request, in steps, by name
    secret_fields: Iterable[str] = ()  # shown once; kept and replayed as null
    query_parameters: Iterable[str] = ()  # beyond filters and paging
    parameter_shapes: Mapping[str, Any] = {}  # of query parameters that are more than a text, for the API's schema
    body_limit: int = settings.API_BODY_LIMIT
    # Actions whose verb brings its own transactions: what takes long inside holds none open. They keep no answers.
    own_transactions: Iterable[str] = ()
    step_up: Iterable[str] = ()  # actions for which a member must have typed his password within minutes
    rate_class: str = ""  # read | write | ingestion; by method when empty
    request_bodies: Mapping[str, type[RequestBody]] = {}  # action → serializer, for the API's schema
    responses: Mapping[str, Any] = {}  # action → serializer (or {status: serializer}) where it is not serializer_class
    problems: Mapping[str, Iterable[str]] = {}  # action → statuses beyond those that every operation may answer
    public_statuses: ClassVar[frozenset[int]] = frozenset({401, 403})
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    action: Any
    format_kwarg = None  # the path never chooses the format

    @property
    def actor(self) -> Actor:
        """Who asks."""
        actor: Actor = self.request.user  # type: ignore[assignment]
        return actor

    @property
    def key(self) -> UUID:
        """The UUID of the id in the path; a malformed id is a 404."""
        return ids.decode(self.prefix, self.kwargs["pk"])

    def principal(self) -> str:
        """This function will return whose idempotency keys count here; nobody's for a stranger.

        Strangers share no keys: only the very same request of one can meet the answer that was kept.
        """
        return "" if self.actor.type == "anonymous" else self.actor.label

    def shown_again(self, public_id: str) -> Any:
        """This function will return the body of a row whose first answer was too large to be kept."""
        self.kwargs = {**self.kwargs, "pk": public_id}
        return self.get_serializer(self.get_object()).data

    def rows(self) -> QuerySet[Any]:
        """This function will return the rows this actor may see: of the environment, and a customer's own."""
        rows = self.get_queryset()
        if self.actor.is_customer and self.customer_field:
            return rows.filter(**{self.customer_field: self.actor.customer_id})
        return rows

    def get_object(self) -> Any:
        """This function will return the row of the id in the path.

        :raises NotFound: also for somebody else's row, in the same words.
        """
        found = self.rows().filter(pk=self.key).first()
        if found is None:
            raise errors.NotFound
        return found

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """This function will take a request through every gate and return a rendered response."""
        self.args, self.kwargs = args, kwargs
        wrapped = self.initialize_request(request, *args, **kwargs)
        self.request, self.headers = wrapped, self.default_response_headers
        try:
            self.initial(wrapped, *args, **kwargs)
            with self._environment():
                answer = self._run()
            if "Idempotent-Replayed" in answer.headers:
                throttling.give_back(wrapped)
            return answer
        except Exception as failure:  # noqa: BLE001 - the edge answers every failure; see problems.handle
            return self._refuse(failure)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """This function will wrap Django's request for parsing and authentication."""
        self.action = self.action_map.get(str(request.method).lower())
        return Request(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            negotiator=self.get_content_negotiator(),
            parser_context=self.get_parser_context(request),
        )

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """This function will pass the request through every gate before its transaction; each raises its refusal."""
        if self.action is None or request.method.lower() not in self.http_method_names:
            raise refusals.MethodNotAllowed
        if int(request.META.get("CONTENT_LENGTH") or 0) > self.body_limit:
            raise refusals.TooLarge(limit_bytes=self.body_limit)
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        request.actor = request._request.actor = request.user
        request._request.environment = request.auth
        self.check_permissions(request)
        throttling.charge(request, self)
        filters.check_parameters(request, self)
        if request.method not in SAFE_METHODS and self.action not in self.request_bodies:
            RequestBody.parse(request)  # what nobody would read is not sent in vain

    def environment(self) -> scopes.Scope | None:
        """This function will return the environment that the credentials belong to, None for platform-wide routes."""
        found: scopes.Scope | None = self.request.auth  # type: ignore[assignment]
        return found

    def _environment(self) -> AbstractContextManager[Any]:
        found = self.environment()
        return nullcontext() if found is None else scopes.scope(found)

    def _run(self) -> HttpResponseBase:
        """In one transaction, but for an action with transactions of its own, or one that asks a gateway in steps."""
        if self.action in self.own_transactions:
            return self._effect()
        if self.action in self.effects:
            return gateway.answer(self, self.effects[self.action], self._handled)
        try:
            return transactions.run(self._answer, read_only=self.request.method in SAFE_METHODS)
        except (idempotency.Refused, IntegrityError) as failure:
            refusal = idempotency.refusal_of(self, failure)
        return transactions.run(lambda: idempotency.keep_refusal(self, refusal), read_only=False)

    def _answer(self) -> HttpResponseBase:
        return idempotency.answer(self, self._effect)

    def _effect(self) -> Response:
        preconditions.check(self)
        response = self._handled()
        finished = self.finalize_response(self.request, response, *self.args, **self.kwargs)
        rendered = finished.render() if hasattr(finished, "render") else finished
        preconditions.mark(self, rendered)
        return rendered

    def _handled(self) -> Any:
        return getattr(self, str(self.request.method).lower())(self.request, *self.args, **self.kwargs)

    def _refuse(self, failure: Exception) -> HttpResponseBase:
        response = problems.handle(failure)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        if response.status_code in self.public_statuses:
            self._tell_denied(failure, response.status_code)
        return response

    def _tell_denied(self, failure: Exception, code: int) -> None:
        """The transaction is over; whoever listens opens his own."""
        known = getattr(self.request, "_auth", None)
        refusals.denied.send(
            sender=None,
            actor_label=getattr(getattr(self.request, "_user", None), "label", "anonymous:anonymous"),
            code=problems.of(failure).code,
            status=code,
            environment_id=known.environment_id if isinstance(known, scopes.Scope) else None,
        )


class Listed:
    """`GET /things`: filtered, newest first, page by page.

    `pages` are for a list that is read often, whose `get_queryset` is all of a model's rows in the usual order.
    """

    pages: ClassVar[Pages[Any] | None] = None

    def list(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """This function will answer one page of the rows the actor may see."""
        page = self.paginate_queryset(self._asked_for())
        answer: Response = self.get_paginated_response(self.get_serializer(page, many=True).data)
        return answer

    def _asked_for(self: Any) -> Any:
        """All rows by statements that stay prepared, where neither a filter nor who reads narrows them."""
        is_narrowed = self.actor.is_customer or self.request.query_params.keys() - filters.PAGING
        return self.filter_queryset(self.rows()) if is_narrowed or self.pages is None else self.pages


class Retrieved:
    """`GET /things/{id}`."""

    def retrieve(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        """This function will answer one row the actor may see."""
        return ok(self.get_serializer(self.get_object()).data)


def ok(data: Any) -> Response:
    """This function will answer 200 with a body."""
    return Response(data)


def created(data: Any) -> Response:
    """This function will answer 201 with the new resource."""
    return Response(data, status=status.HTTP_201_CREATED)


def accepted(data: Any) -> Response:
    """This function will answer 202: it was noted and will happen."""
    return Response(data, status=status.HTTP_202_ACCEPTED)


def no_content() -> Response:
    """This function will answer 204 without a body."""
    return Response(status=status.HTTP_204_NO_CONTENT)
