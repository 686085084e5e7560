"""Which web pages may read the answers of the API: those that the settings allow, and those that an environment does.

A preflight carries no credentials, so the origin alone decides it: some environment has to allow it. The answer itself
is shown only where the environment that answered allows the origin.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.db import Error
from django.http import HttpRequest

from core import clock
from core.models import Environment

log = structlog.get_logger(__name__)

# Seconds for which a process remembers who allows what.
KEPT = 10.0


class Origins:
    """The origins of all environments, as this process read them last."""

    def __init__(self) -> None:
        self._known: Mapping[str, frozenset[UUID]] = {}
        self._good_until = 0.0

    def environments_of(self, origin: str) -> frozenset[UUID]:
        """This function will return the environments that allow an origin, read at most every ten seconds."""
        if clock.monotonic() >= self._good_until:
            self._read()
        return self._known.get(origin, frozenset())

    def forget(self) -> None:
        """This function will have them read again for the next question."""
        self._good_until = 0.0

    def _read(self) -> None:
        try:
            rows = Environment.objects.exclude(allowed_origins=[]).values_list("id", "allowed_origins")
            found: dict[str, set[UUID]] = {}
            for environment_id, origins in rows:
                for origin in origins:
                    found.setdefault(origin, set()).add(environment_id)
            self._known = {origin: frozenset(allowing) for origin, allowing in found.items()}
        except Error as failure:  # what was known goes on; the request itself will say what is the matter
            log.warning("cors.not_read", reason=type(failure).__name__)
        self._good_until = clock.monotonic() + KEPT


origins = Origins()


class Cors(CorsMiddleware):
    """The middleware of django-cors-headers, which asks the environments where the settings do not allow an origin."""

    def is_enabled(self, request: HttpRequest) -> bool:
        """This function will tell whether other origins have any business on this path."""
        return re.match(settings.CORS_URLS_REGEX, request.path_info) is not None

    def check_signal(self, request: HttpRequest) -> bool:
        """This function will tell whether the environment that answered allows the origin, or any if none did."""
        allowing = origins.environments_of(request.headers.get("Origin", ""))
        answered: Any = getattr(request, "environment", None)
        return bool(allowing) if answered is None else answered.environment_id in allowing
