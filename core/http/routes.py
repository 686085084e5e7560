"""One spelling per route: no trailing slash, and ids only in the shape that the house writes."""

import re
from functools import cached_property
from typing import Any

from django.urls import URLPattern, URLResolver
from rest_framework.routers import SimpleRouter

# What a pattern may have for several characters, and what else lets one pattern stand for paths of several lengths.
_CLASS = re.compile(r"\[[^\]]*\]")
_OPEN = re.compile(r"\.[*+]|<path:|\||\)[?*+{]|/[?*+{]")
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
    """Routes that are looked for by the first segment of the path and by how many there are.

    Those of other resources are not even tried, nor those that are longer or shorter.
    """

    def resolve(self, path: str) -> Any:
        """This function will return what Django would find among all the routes, in the same order."""
        matched: Any = self.pattern.match(path)
        rest = matched[0] if matched else ""
        found = self._by_shape.get((rest.partition("/")[0], rest.count("/")))
        return found.resolve(path) if found else super().resolve(path)

    @cached_property
    def _by_shape(self) -> dict[tuple[str, int], URLResolver]:
        known = [(_first_segment(one), _slashes(one), one) for one in self.url_patterns]
        names = {segment for segment, _, _ in known if segment is not None}
        depths = {slashes for _, slashes, _ in known if slashes is not None}
        return {
            (name, depth): URLResolver(self.pattern, [
                one for segment, slashes, one in known if segment in (name, None) and slashes in (depth, None)
            ])
            for name in names for depth in depths
        }  # fmt: skip


def _first_segment(route: URLPattern | URLResolver) -> str | None:
    """The text that a route's path begins with; None where that is not one text."""
    literal = re.match(r"\^?([a-z-]+)(?:/|$|\$|\\Z)", str(route.pattern))
    return literal[1] if literal else None


def _slashes(route: URLPattern | URLResolver) -> int | None:
    """How many slashes every path of a route has; None where that is not plain to see."""
    text = str(route.pattern)
    plain = _CLASS.sub("", text)
    is_open = any(one.startswith("[^") and "/" not in one for one in _CLASS.findall(text)) or _OPEN.search(plain)
    return None if is_open or isinstance(route, URLResolver) else plain.count("/")
