"""Who asks: the one authentication class of the API, named in the settings."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import services
from core import clock
from core.actor import Actor
from core.http import refusals
from core.tenancy import Scope


class CredentialsAmbiguous(refusals.Malformed):
    code = "credentials_ambiguous"
    title = "Send one credential: either X-API-Key or one Authorization header."


class Credentials(BaseAuthentication):
    """An API key in `X-API-Key` or `Authorization: Bearer`, or an access token in the latter.

    Gives `request.user` the `Actor` and `request.auth` the `Scope` of his environment, its clock read afresh; how often
    he may ask is left on Django's request. A system key may name the environment it works in with `X-Environment`. What
    is neither a key nor of a token's form can only be the platform's own token.
    """

    def authenticate(self, request: Request) -> tuple[Actor, Scope] | None:
        """This function will return who asks and where, None for a request without credentials.

        :raises CredentialsAmbiguous: for more than one credential.
        :raises accounts.services.CredentialRefused: for one that proves nothing.
        """
        key, bearer = request.META.get("HTTP_X_API_KEY"), request.META.get("HTTP_AUTHORIZATION")
        if key is None and bearer is None:
            return None
        if (key is not None and bearer is not None) or "," in f"{key or ''}{bearer or ''}":
            raise CredentialsAmbiguous
        found = self._identify(key if key is not None else _after_bearer(bearer or ""), request, is_key=key is not None)
        request._request.limits = found.limits  # type: ignore[attr-defined]
        return found.actor, found.scope

    def authenticate_header(self, request: Request) -> str:
        """This function will name the scheme for `WWW-Authenticate`."""
        return "Bearer"

    def _identify(self, text: str, request: Request, *, is_key: bool) -> services.Identity:
        now, environment = clock.wall(), request.META.get("HTTP_X_ENVIRONMENT", "")
        if is_key or text.startswith(("sk_", "pk_", "sys_")):
            return services.authenticate_key(text, environment=environment, now=now)
        if text.count(".") != 2:
            return services.authenticate_admin(text, path=request.path)
        return services.authenticate_token(text, now=now)


def _after_bearer(header: str) -> str:
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise services.CredentialRefused
    return text.strip(" ")
