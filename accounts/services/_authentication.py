"""Who is asking: what a credential proves, looked up before any environment is known."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists

from accounts import credentials, roles, tokens
from accounts.models import ApiKey, Login, Membership, RefreshToken, User
from accounts.services import _key_lookup, _sessions
from audit import services as audit
from core import ids
from core.actor import Actor
from core.http import refusals
from core.limits import USUAL, CallerLimits
from core.models import Environment, scope_of
from core.tenancy import PLATFORM_ID, Scope, scope
from core.tenancy.system import system_scope

# What the token of the settings opens: what an installation is watched and set up by.
ADMIN_ROUTES = ("/metrics", "/api/v1/admin/", "/api/outbox/")
EVERYTHING = frozenset({"read", "write"})
ACTOR_OF = {ApiKey.Type.SECRET: "key", ApiKey.Type.PUBLISHABLE: "publishable", ApiKey.Type.SYSTEM: "operator"}


class CredentialRefused(refusals.Unauthenticated):
    """One answer for an unknown, a wrong, an expired and a revoked credential."""

    code = "invalid_credential"
    title = "The API key or access token is not valid."


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who asks, and in which environment, its clock as of now."""

    actor: Actor
    scope: Scope
    limits: CallerLimits = USUAL


def authenticate_key(text: str, *, environment: str = "", now: datetime) -> Identity:
    """This function will return whose API key a text is. `now` is the machine's instant.

    A system key names the environment it works in by its public id; without one it is the platform's own. Each of its
    uses is audited there. Every other key belongs to one environment and may name no other.

    :raises CredentialRefused: if it is no key that opens anything now.
    """
    lookup = credentials.lookup_of(text)
    found = _key_lookup.find(lookup, now=now) if lookup else None
    if found is None or not credentials.is_same(text, found.hash) or not found.is_usable(at=now):
        raise CredentialRefused
    actor = Actor(type=ACTOR_OF[found.type], id=found.public_id, scopes=found.scopes)
    if found.type == ApiKey.Type.SYSTEM:
        return _platform_identity(actor, found, environment)
    if environment and environment != ids.encode(Environment.prefix, found.scope.environment_id):
        raise CredentialRefused
    return Identity(actor=actor, scope=found.scope, limits=found.limits)


def authenticate_admin(text: str, *, path: str) -> Identity:
    """This function will return the platform's operator for the token of the settings, on the few routes it opens.

    Each of its uses is audited.

    :raises CredentialRefused: for any other text, on any other route, and where no token is set.
    """
    expected = settings.ADMIN_TOKEN
    is_it = hmac.compare_digest(credentials.digest(text), credentials.digest(expected))
    if not expected or not is_it or not path.startswith(ADMIN_ROUTES):
        raise CredentialRefused
    actor = Actor(type="operator", id="admin_token", scopes=roles.EVERYTHING)
    with transaction.atomic():
        platform = scope_of(PLATFORM_ID)
        with scope(platform):
            audit.record(action="admin_token.used", target="", actor=actor.label, meta={})
    return Identity(actor=actor, scope=platform)


def authenticate_token(text: str, *, now: datetime) -> Identity:
    """This function will return whose access token a text is. `now` is the machine's instant.

    :raises CredentialRefused: if it is not ours, has expired, or its session or its owner is gone.
    """
    try:
        claims = tokens.read(text, keyring=_sessions.keyring(), now=now)
        kind = claims.subject.partition("_")[0]
        found = _customer(claims) if kind == "cus" else _member(claims)
    except (tokens.TokenRefused, ids.MalformedId) as cause:
        raise CredentialRefused from cause
    if found is None:
        raise CredentialRefused
    return found


@transaction.atomic
def _platform_identity(actor: Actor, key: _key_lookup.FoundKey, environment: str) -> Identity:
    named = _named(environment) if environment else None
    chosen = named.as_scope() if named else key.scope
    target = ids.encode(Environment.prefix, chosen.environment_id)
    with scope(chosen):
        audit.record(action="system_key.used", target=target, outcome="success", actor=actor.label, meta={})
    shared = named.limits if named else key.limits.shared
    return Identity(actor=actor, scope=chosen, limits=CallerLimits(own=key.limits.own, shared=shared))


def _named(environment: str) -> Environment:
    try:
        return Environment.objects.get(pk=ids.decode(Environment.prefix, environment))
    except (ids.MalformedId, Environment.DoesNotExist) as cause:
        raise CredentialRefused("There is no such environment.") from cause


def _customer(claims: tokens.Claims) -> Identity | None:
    customer_id = ids.decode("cus", claims.subject)
    with system_scope("accounts: whose token is this"), transaction.atomic():
        found = Login.objects.select_related("environment").filter(
            ~_is_ended(claims), customer_id=customer_id, environment_id=claims.environment_id,
            session_version=claims.session_version, disabled_at=None,
        ).first()  # fmt: skip
    if found is None:
        return None
    actor = Actor(type="customer", id=claims.subject, scopes=EVERYTHING, customer_id=customer_id)
    return _inside(actor, found.environment)


def _member(claims: tokens.Claims) -> Identity | None:
    with system_scope("accounts: whose token is this"), transaction.atomic():
        place = Membership.objects.select_related("user").filter(
            ~_is_ended(claims), user_id=ids.decode(User.prefix, claims.subject), user__is_active=True,
            user__session_version=claims.session_version, tenant__environments=claims.environment_id,
        ).first()  # fmt: skip
        environment = Environment.objects.of_tenants().filter(pk=claims.environment_id).first()
    if place is None or environment is None:
        return None
    actor = Actor(
        type="member", id=claims.subject, scopes=roles.scopes_of(place.role), role=place.role,
        authenticated_at=claims.authenticated_at,
    )  # fmt: skip
    return _inside(actor, environment)


def _inside(actor: Actor, environment: Environment) -> Identity:
    return Identity(actor=actor, scope=environment.as_scope(), limits=CallerLimits(shared=environment.limits))


def _is_ended(claims: tokens.Claims) -> Exists:
    return Exists(RefreshToken.objects.filter(family=claims.session, revoked_at__isnull=False))
