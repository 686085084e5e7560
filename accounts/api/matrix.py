"""Who may call what: the matrix of route and caller, worked out from what every view declares about itself."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from django.contrib.admindocs.views import simplify_regex
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import roles
from core import errors, reference
from core.actor import ANONYMOUS, Actor
from core.http import permissions
from core.http.views import EVERY_SECRET_HOLDER, Resource

# Routes that are no resource: they have no credentials, or check something else than credentials, as each says.
OPEN: Final = {
    "/": "sends browsers to the console",
    "/livez": "answers everybody",
    "/readyz": "answers everybody",
    "/metrics": "checks ADMIN_TOKEN, or that the client is of METRICS_ALLOWED_NETWORKS",
    "/documents/{public_id}": "checks the signature and the end of the link",
    "/account/reset-password": "the page of a mailed link",
    "/account/verify-email": "the page of a mailed link",
    "/api/health/": "answers everybody",
    "/api/v1/health/": "answers everybody",
    "/api/v1/health/detailed/": "answers everybody",
    "/api/schema/": "answers everybody",
    "/api/docs/": "answers everybody",
    "/api/v1/webhooks/payment": "checks the signature of the body",
}
PEOPLE: Final = {
    "anonymous": ANONYMOUS,
    "publishable": Actor(type="publishable", id="key_p"),
    "customer": Actor(type="customer", id="cus_c", scopes=roles.EVERYTHING),
}
YES, NO, STEP_UP, BY_SCOPE = "✓", "–", "✓ₛ", "scope"

HEAD = """# Who may call what

One row per route; the scope is what API keys and roles need for it. `✓` may, `–` may not, `✓ₛ` may, once the password
was typed within the last five minutes (`POST /auth/step-up`); secret and system keys may with the scope. Customers see
and change what is their own only, whatever the route; another tenant's ids are a 404 for everybody. Roles are the table
of `accounts/roles.py`.
"""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path, and the view that declares who may call it; `view` is None for an open route."""

    method: str
    path: str
    view: Resource | None


def callers() -> dict[str, Actor]:
    """This function will return one actor per column of the matrix: strangers, customers, and each role."""
    members = {
        role: Actor(type="member", id="usr_m", scopes=roles.scopes_of(role), role=role) for role in roles.ROLES
    }  # fmt: skip
    return PEOPLE | members


def routes() -> list[Route]:
    """This function will return every route outside the console, by path and method.

    :raises ImproperlyConfigured: for a route that is neither a resource nor listed as open.
    """
    walked = _callbacks(get_resolver().url_patterns, "")
    found = [route for path, callback in walked for route in _routes(path, callback)]
    return sorted(found, key=lambda one: (one.path, one.method))


def cell(route: Route, actor: Actor) -> str:
    """This function will return what the permission gate says to a caller, as the matrix writes it."""
    request = SimpleNamespace(user=actor, method=route.method)
    try:
        permissions.DeclaredScope().has_permission(request, route.view)
    except permissions.StepUpRequired:
        return STEP_UP
    except errors.Refusal:
        return NO
    return YES


@reference.page("permissions.md")
def page() -> str:
    """This function will return the matrix as a page."""
    names = callers()
    guarded = [route for route in routes() if route.view is not None]
    lines = [HEAD, f"| route | scope | {' | '.join(names)} | keys |", "|---" * (len(names) + 3) + "|"]
    lines += [_line(route, names) for route in guarded]
    lines += ["", "## Routes without credentials", "", "| route | |", "|---|---|"]
    lines += [f"| `{path}` | {how} |" for path, how in sorted(OPEN.items())]
    return "\n".join(lines) + "\n"


def _line(route: Route, names: dict[str, Actor]) -> str:
    view: Any = route.view
    cells = [cell(route, actor) for actor in names.values()]
    keys = BY_SCOPE if permissions.audience_of(view) & EVERY_SECRET_HOLDER >= {"key"} else NO
    needed = permissions.needed_scope(view, route.method)
    if not roles.is_scope(needed):
        raise ImproperlyConfigured(f"{type(view).__name__} asks for {needed}; give it a line in accounts/roles.py")
    return f"| `{route.method} {route.path}` | `{needed}` | {' | '.join([*cells, keys])} |"


def _callbacks(patterns: Any, before: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for one in patterns:
        regex = before + str(one.pattern)
        if isinstance(one, URLResolver) and not regex.startswith("admin/"):
            yield from _callbacks(one.url_patterns, regex)
        elif isinstance(one, URLPattern) and not regex.startswith("admin/"):
            yield _shown(regex), one.callback


def _shown(regex: str) -> str:
    path = simplify_regex(regex).replace("<pk>", "{id}").replace("<", "{").replace(">", "}")
    return re.sub(r"\{\w+:(\w+)\}", r"{\1}", path)


def _routes(path: str, callback: Any) -> Iterator[Route]:
    kind = getattr(callback, "cls", None)
    if isinstance(kind, type) and issubclass(kind, Resource):
        for method, action in callback.actions.items():
            if method != "head":
                view = kind(**callback.initkwargs)
                view.action = action
                yield Route(method=method.upper(), path=path, view=view)
    elif path in OPEN:
        yield Route(method="GET", path=path, view=None)
    else:
        raise ImproperlyConfigured(f"{path} is neither a Resource nor in accounts.api.matrix.OPEN")
