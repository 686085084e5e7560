"""Every route declares what it asks of an actor; one that declares nothing answers nobody."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import SAFE_METHODS, BasePermission

from core import clock, errors
from core.actor import Actor
from core.http import refusals

# Customers are limited to their own rows, publishable keys and strangers by the audience; these by scopes as well.
SCOPED = frozenset({"key", "member", "operator"})


# How long a typed password opens what asks for it once more.
FRESH_FOR = timedelta(minutes=5)


class MissingScope(errors.Forbidden):
    code = "missing_scope"
    title = "The credentials do not include what this needs."


class WrongAudience(errors.Forbidden):
    code = "wrong_credentials"
    title = "Credentials of this kind are not admitted here."


class StepUpRequired(errors.Forbidden):
    """Programs are exempt: a secret key is typed by nobody, and stepping up would only be a second secret beside it."""

    code = "step_up_required"
    title = "Say who you are once more for this: POST /auth/step-up, then repeat the request with the fresh token."


class DeclaredScope(BasePermission):
    """Admits actors of the view's audience who hold the view's scope."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """This function will answer True or raise the refusal that says why not.

        :raises Unauthenticated, WrongAudience, MissingScope, StepUpRequired: according to what is lacking.
        """
        actor: Actor = request.user
        needed = needed_scope(view, request.method)
        if actor.type not in audience_of(view):
            raise refusals.Unauthenticated if actor.type == "anonymous" else WrongAudience
        if actor.type in SCOPED and not actor.may(needed):
            raise MissingScope(scope=needed)
        if actor.type == "member" and needs_step_up(view) and not is_fresh(actor):
            raise StepUpRequired(max_age_seconds=int(FRESH_FOR.total_seconds()))
        return True


def audience_of(view: Any) -> frozenset[str]:
    """This function will return the types of actors that the view's current action admits."""
    return frozenset(view.audiences.get(view.action, view.audience))


def needs_step_up(view: Any) -> bool:
    """This function will tell whether the view's current action asks people for a fresh password."""
    return view.action in getattr(view, "step_up", ())


def is_fresh(actor: Actor) -> bool:
    """This function will tell whether a person typed his password within the last minutes."""
    return actor.authenticated_at is not None and clock.wall() < actor.authenticated_at + FRESH_FOR


def needed_scope(view: Any, method: str) -> str:
    """This function will return the scope such as `invoices:read` that a method of a view needs.

    :raises ImproperlyConfigured: if the view declares none.
    """
    declared: str = getattr(view, "scope", "")
    if not declared:
        raise ImproperlyConfigured(f"{type(view).__name__} declares no scope")
    return declared if ":" in declared else f"{declared}:{'read' if method in SAFE_METHODS else 'write'}"
