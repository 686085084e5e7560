"""One spelling per route: no trailing slash, and ids only in the shape that the house writes."""

from typing import Any

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
