"""`/auth`: how customers and members come in, stay in and leave."""

from hashlib import sha256
from typing import Any

from django.conf import settings
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import services
from accounts.api import serializers
from accounts.emails import canonical
from accounts.models import Customer
from core import clock, context, tenancy
from core.http.serializers import RequestBody
from core.http.views import EVERY_SECRET_HOLDER, Request, Resource, accepted, created, no_content, ok
from core.models import Environment

DOOR = frozenset({"publishable", "key"})
PEOPLE = frozenset({"customer", "member"})
EVERYBODY = EVERY_SECRET_HOLDER | PEOPLE | {"publishable"}


class Auth(Resource):
    """Registration, sessions and passwords. The environment is that of the key that comes along."""

    scope = "auth"
    audience = DOOR
    audiences = {
        "login": DOOR | {"anonymous"}, "refresh": DOOR | {"anonymous"}, "logout": PEOPLE, "me": EVERYBODY,
        "change_password": PEOPLE, "forgot_password": DOOR | {"anonymous"}, "reset_password": DOOR | {"anonymous"},
        "verify_email": DOOR | {"anonymous"}, "send_verification": {"customer"}, "step_up_session": {"member"},
    }  # fmt: skip
    own_transactions = (
        "login", "refresh", "change_password", "forgot_password", "reset_password", "verify_email", "step_up_session",
    )  # fmt: skip
    idempotency = {"register": "optional", "logout": "none", **dict.fromkeys(own_transactions, "none")} | {
        "send_verification": "none"
    }
    secret_fields = ("access_token", "refresh_token")
    request_bodies = {
        "register": serializers.Register, "login": serializers.LogIn, "refresh": serializers.Refresh,
        "logout": serializers.LogOut, "change_password": serializers.ChangePassword,
        "forgot_password": serializers.ForgotPassword, "reset_password": serializers.ResetPassword,
        "verify_email": serializers.VerifyEmail, "send_verification": RequestBody,
        "step_up_session": serializers.StepUp,
    }  # fmt: skip
    responses = {
        "register": {201: serializers.RegisteredBody, 202: serializers.EmailBody},
        "login": {200: serializers.TokensBody}, "refresh": {200: serializers.TokensBody}, "logout": {204: None},
        "me": {200: serializers.MeBody}, "change_password": {200: serializers.TokensBody},
        "forgot_password": {202: serializers.EmailBody}, "reset_password": {204: None}, "verify_email": {204: None},
        "send_verification": {202: None}, "step_up_session": {200: serializers.TokensBody},
    }  # fmt: skip

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """This function will hash the password of who registers, before the transaction in which he does."""
        super().initial(request, *args, **kwargs)
        if self.action == "register":
            body = serializers.Register.parse(request)
            password = body.pop("password")
            self.registration = body | {
                "password_hash": services.hash_new_password(email=body["email"], password=password)
            }

    def principal(self) -> str:
        """This function will return whose idempotency keys count: of strangers behind one key, the address's own."""
        sent = self.request.data if self.action == "register" and self.actor.type == "publishable" else None
        email = sent.get("email") if isinstance(sent, dict) else None
        if not isinstance(email, str):
            return super().principal()
        return f"anon:{sha256(canonical(email).encode('utf-8', 'surrogatepass')).hexdigest()}"

    @action(detail=False, methods=["post"])
    def register(self, request: Request) -> Response:
        """This function will make a customer with a login and begin his session, or have him written to first.

        Where registrations are private (`REGISTRATION_PRIVACY=strict`), the answer is 202 for every address.
        """
        wall = clock.wall()
        if settings.REGISTRATION_PRIVACY == "strict":
            services.register_privately(**self.registration, now=wall)
            return accepted({"email": self.registration["email"]})
        customer, tokens = services.register_customer(
            **self.registration, actor=request.actor, now=clock.now(), wall=wall
        )
        return created({**_tokens(tokens), "customer": serializers.CustomerBody.of(customer)})

    @action(detail=False, methods=["post"])
    def login(self, request: Request) -> Response:
        """This function will begin a session of a customer, or of a member who names an environment."""
        body = serializers.LogIn.parse(request)
        where: dict[str, Any] = {"address": context.current().client_ip, "now": clock.wall()}
        if request.actor.type == "anonymous":
            return ok(_tokens(_member(body, where)))
        return ok(_tokens(services.log_in_customer(email=body["email"], password=body["password"], **where)))

    @action(detail=False, methods=["post"])
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
    def change_password(self, request: Request) -> Response:
        """This function will replace a password, end all sessions and begin a new one."""
        body = serializers.ChangePassword.parse(request)
        address = context.current().client_ip
        return ok(_tokens(services.change_password(**body, address=address, actor=request.actor, now=clock.wall())))

    @action(detail=False, methods=["post"], url_path="forgot-password")
    def forgot_password(self, request: Request) -> Response:
        """This function will have a link mailed, if somebody has that address; the answer does not tell.

        With a key it is a customer's of that environment, without one a member's or an operator's.
        """
        body = serializers.ForgotPassword.parse(request)
        is_member = request.actor.type == "anonymous"
        ask = services.request_member_reset if is_member else services.request_password_reset
        ask(**body, now=clock.wall())
        return accepted(body)

    @action(detail=False, methods=["post"], url_path="reset-password")
    def reset_password(self, request: Request) -> Response:
        """This function will replace the password of whoever holds a mailed token."""
        services.reset_password(**serializers.ResetPassword.parse(request), now=clock.wall())
        return no_content()

    @action(detail=False, methods=["post"], url_path="verify-email")
    def verify_email(self, request: Request) -> Response:
        """This function will note that an address is his who holds the token that was mailed to it."""
        services.verify_email(**serializers.VerifyEmail.parse(request), now=clock.wall())
        return no_content()

    @action(detail=False, methods=["post"], url_path="send-verification")
    def send_verification(self, request: Request) -> Response:
        """This function will have the customer's address written to once more."""
        RequestBody.parse(request)
        services.request_verification(actor=request.actor, now=clock.wall())
        return accepted(None)

    @action(detail=False, methods=["post"], url_path="step-up")
    def step_up_session(self, request: Request) -> Response:
        """This function will exchange a member's password for a fresh session, which opens what asks for one."""
        body = serializers.StepUp.parse(request)
        address = context.current().client_ip
        return ok(_tokens(services.step_up(**body, address=address, actor=request.actor, now=clock.wall())))


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
