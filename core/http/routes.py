"""One spelling per route: no trailing slash, and ids only in the shape that the house writes."""

import re
from functools import cached_property
from typing import Any

from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

PUBLIC_ID = "{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}"


class Router(SimpleRouter):
    """A router whose ids match the resource's public id, so that `/subscriptions/me` is never taken for one."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)

    def get_lookup_regex(self, viewset: Any, lookup_prefix: str = "") -> str:
        """This function will return the pattern of a resource's id in a path; other text is a 404."""
        if getattr(viewset, "lookup_value_regex", None) or not getattr(viewset, "prefix", ""):
            return super().get_lookup_regex(viewset, lookup_prefix)
        return f"(?P<{lookup_prefix}pk>{PUBLIC_ID.format(prefix=viewset.prefix)})"


class BySegment(URLResolver):
    """Routes that are looked for by the first segment of the path: those of other resources are not even tried."""

    def resolve(self, path: str) -> Any:
        """This function will return what Django would find among all the routes, in the same order."""
        matched: Any = self.pattern.match(path)
        segment = matched[0].partition("/")[0] if matched else ""
        found = self._by_segment.get(segment)
        return found.resolve(path) if found else super().resolve(path)

    @cached_property
    def _by_segment(self) -> dict[str, URLResolver]:
        first = [(_first_segment(one), one) for one in self.url_patterns]
        return {
            name: URLResolver(self.pattern, [one for segment, one in first if segment in (name, None)])
            for name in {segment for segment, _ in first if segment is not None}
        }


def _first_segment(route: URLPattern | URLResolver) -> str | None:
    """The text that a route's path begins with; None where that is not one text."""
    literal = re.match(r"\^?([a-z-]+)(?:/|$|\$|\\Z)", str(route.pattern))
    return literal[1] if literal else None
