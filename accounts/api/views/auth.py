"""`/auth`: how customers and members come in, stay in and leave."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import services
from accounts.api import serializers
from accounts.models import Customer
from core import clock, context, tenancy
from core.http.views import EVERY_SECRET_HOLDER, Request, Resource, accepted, created, no_content, ok
from core.models import Environment

DOOR = frozenset({"publishable", "key"})
PEOPLE = frozenset({"customer", "member"})
EVERYBODY = EVERY_SECRET_HOLDER | PEOPLE | {"publishable"}
# Refusals that leave something behind: the count of a failed attempt, the end of a stolen session.
TRACES = (
    services.WrongCredentials, services.TooManyAttempts, services.WrongPassword, services.RefreshRefused
)  # fmt: skip

Handler = Callable[..., Response]


def leaves_trace(handler: Handler) -> Callable[..., HttpResponseBase]:
    """This function will return the handler, whose refusals are answered but not rolled back."""

    @wraps(handler)
    def kept(view: Resource, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return handler(view, request, *args, **kwargs)
        except TRACES as refusal:
            return view._refuse(refusal)

    return kept


class Auth(Resource):
    """Registration, sessions and passwords. The environment is that of the key that comes along."""

    scope = "auth"
    audience = DOOR
    audiences = {
        "login": DOOR | {"anonymous"}, "refresh": DOOR | {"anonymous"}, "logout": PEOPLE, "me": EVERYBODY,
        "change_password": PEOPLE,
    }  # fmt: skip
    idempotency = {
        "register": "optional", "login": "none", "refresh": "none", "logout": "none", "change_password": "none",
        "forgot_password": "none", "reset_password": "none",
    }  # fmt: skip
    secret_fields = ("access_token", "refresh_token")
    request_bodies = {
        "register": serializers.Register, "login": serializers.LogIn, "refresh": serializers.Refresh,
        "logout": serializers.LogOut, "change_password": serializers.ChangePassword,
        "forgot_password": serializers.ForgotPassword, "reset_password": serializers.ResetPassword,
    }  # fmt: skip
    responses = {
        "register": {201: serializers.RegisteredBody}, "login": {200: serializers.TokensBody},
        "refresh": {200: serializers.TokensBody}, "logout": {204: None}, "me": {200: serializers.MeBody},
        "change_password": {200: serializers.TokensBody}, "forgot_password": {202: serializers.ForgotPassword},
        "reset_password": {204: None},
    }  # fmt: skip

    @action(detail=False, methods=["post"])
    def register(self, request: Request) -> Response:
        """This function will make a customer with a login and begin his session."""
        body = serializers.Register.parse(request)
        customer, tokens = services.register_customer(**body, actor=request.actor, now=clock.now(), wall=clock.wall())
        return created({**_tokens(tokens), "customer": serializers.CustomerBody.of(customer)})

    @action(detail=False, methods=["post"])
    @leaves_trace
    def login(self, request: Request) -> Response:
        """This function will begin a session of a customer, or of a member who names an environment."""
        body = serializers.LogIn.parse(request)
        where: dict[str, Any] = {"address": context.current().client_ip, "now": clock.wall()}
        if request.actor.type == "anonymous":
            return ok(_tokens(_member(body, where)))
        return ok(_tokens(services.log_in_customer(email=body["email"], password=body["password"], **where)))

    @action(detail=False, methods=["post"])
    @leaves_trace
    def refresh(self, request: Request) -> Response:
        """This function will exchange a refresh token, which works once."""
        body = serializers.Refresh.parse(request)
        return ok(_tokens(services.refresh_session(**body, now=clock.wall())))

    @action(detail=False, methods=["post"])
    def logout(self, request: Request) -> Response:
        """This function will end the session of a refresh token, or all of them."""
        body = serializers.LogOut.parse(request)
        end = services.end_session if body else services.end_all_sessions
        end(**body, actor=request.actor, now=clock.wall())
        return no_content()

    @action(detail=False, methods=["get"])
    def me(self, request: Request) -> Response:
        """This function will say who asks."""
        actor, row = request.actor, None
        if actor.customer_id is not None:
            row = Customer.objects.filter(pk=actor.customer_id).first()
        return ok(
            {
                "type": actor.type,
                "id": actor.id,
                "role": actor.role,
                "scopes": sorted(actor.scopes),
                "environment": serializers.EnvironmentBody.of(_environment()),
                "customer": serializers.CustomerBody.of(row) if row else None,
            }
        )

    @action(detail=False, methods=["post"], url_path="change-password")
    @leaves_trace
    def change_password(self, request: Request) -> Response:
        """This function will replace a password, end all sessions and begin a new one."""
        body = serializers.ChangePassword.parse(request)
        address = context.current().client_ip
        return ok(_tokens(services.change_password(**body, address=address, actor=request.actor, now=clock.wall())))

    @action(detail=False, methods=["post"], url_path="forgot-password")
    def forgot_password(self, request: Request) -> Response:
        """This function will have a link mailed, if somebody has that address; the answer does not tell."""
        body = serializers.ForgotPassword.parse(request)
        services.request_password_reset(**body, now=clock.wall())
        return accepted(body)

    @action(detail=False, methods=["post"], url_path="reset-password")
    def reset_password(self, request: Request) -> Response:
        """This function will replace the password of whoever holds a mailed token."""
        services.reset_password(**serializers.ResetPassword.parse(request), now=clock.wall())
        return no_content()


def _member(body: dict[str, Any], where: dict[str, Any]) -> services.Tokens:
    if "environment_id" not in body:
        raise services.WrongCredentials("Send a publishable key, or name the environment to work in.")
    return services.log_in_member(**body, **where)


def _environment() -> Environment:
    return Environment.objects.get(pk=tenancy.environment_id())


def _tokens(tokens: services.Tokens) -> dict[str, Any]:
    return {
        "subject": tokens.subject,
        "token_type": "Bearer",
        "access_token": tokens.access_token,
        "expires_in": tokens.expires_in,
        "refresh_token": tokens.refresh_token,
    }
