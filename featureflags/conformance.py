"""Conformance cases of feature flags, answered by the resolution itself."""

from typing import Any

from core.conformance import conforms
from featureflags.resolution import read_environment, resolve


@conforms("flags", reads="environment flag default")
def flags(given: dict[str, Any]) -> dict[str, Any]:
    """This function will answer whether a flag is on in an environment, without an operator's override."""
    configured = read_environment(given["environment"])
    return {"enabled": resolve(given["flag"], configured, default=given.get("default"))}
