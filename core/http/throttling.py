"""How often who may ask: by address before anybody is known, by principal after that."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS

from core.http import client_ip, refusals
from core.http.buckets import Bucket, SharedBuckets, Taken
from core.limits import USUAL, CallerLimits

# What the buckets of whole environments are called in the headers.
SHARED = "environment"
UNLIMITED = (0, 60)
# Secret holders are programs; customers and strangers are people at a browser.
PROGRAMS = frozenset({"key", "operator", "member"})


@lru_cache(maxsize=1)
def store() -> SharedBuckets:
    """This function will return the process's buckets, connected on first use."""
    return SharedBuckets(settings.REDIS_URL)


def charge_address(request: HttpRequest, address: str) -> None:
    """This function will charge the client's address before authentication.

    :raises RateLimited: when its bucket is empty.
    """
    capacity, window = settings.RATE_LIMITS["address"]["everybody"]
    bucket = Bucket(key=f"address:{_network(address)}", capacity=capacity, window=window)
    _take(request, {"address": bucket})


def charge(request: Any, view: Any) -> None:
    """This function will charge the principal of an authenticated (or anonymous) request, and his environment.

    What an operator has said about the key or the environment beats the settings.

    :raises RateLimited: when a bucket of this class of routes is empty; then no other is charged.
    """
    name = view.rate_class or ("read" if request.method in SAFE_METHODS else "write")
    limits: CallerLimits = getattr(request._request, "limits", USUAL)
    shared = _shared(name, request.auth, limits)
    _take(request._request, {name: _own(name, request, limits), **({SHARED: shared} if shared else {})})


def _own(name: str, request: Any, limits: CallerLimits) -> Bucket:
    capacity, window = settings.RATE_LIMITS[name]["programs" if request.user.type in PROGRAMS else "people"]
    who = request.user.label if request.user.type != "anonymous" else f"anonymous:{_network(request.client_ip)}"
    return Bucket(key=f"{name}:{who}", capacity=limits.own.of(name) or capacity, window=window)


def _shared(name: str, scope: Any, limits: CallerLimits) -> Bucket | None:
    """What everybody in an environment takes from; the settings' zero is none at all."""
    usual, window = settings.RATE_LIMITS[name].get(SHARED, UNLIMITED)
    capacity = limits.shared.of(name) or usual
    if not capacity or scope is None:
        return None
    return Bucket(key=f"{name}:environment:{scope.environment_id}", capacity=capacity, window=window)


def give_back(request: Any) -> None:
    """This function will put the tokens back: the repeat of a finished request costs none."""
    for bucket in getattr(request._request, "charged_buckets", ()):
        store().give_back(bucket)


def _network(address: str) -> str:
    return client_ip.limit_key(address) if address else "unknown"


def _take(request: HttpRequest, buckets: dict[str, Bucket]) -> None:
    if not settings.RATE_LIMITS_ENABLED:
        return
    taken = store().take(list(buckets.values()))
    request.rate_limit_headers = headers(buckets, taken)  # type: ignore[attr-defined]
    request.charged_buckets = tuple(buckets.values())  # type: ignore[attr-defined]
    if not taken.is_allowed:
        raise refusals.RateLimited(retry_after=taken.retry_after)


def headers(buckets: dict[str, Bucket], taken: Taken) -> dict[str, str]:
    """This function will return the RateLimit fields of the IETF draft (-10): what is left, and until when."""
    left = [_left(name, bucket, level) for (name, bucket), level in zip(buckets.items(), taken.left, strict=True)]
    policies = [f'"{name}";q={bucket.capacity};w={bucket.window}' for name, bucket in buckets.items()]
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}


def _left(name: str, bucket: Bucket, level: float) -> str:
    refill = round((bucket.capacity - level) * bucket.window / bucket.capacity)
    return f'"{name}";r={max(0, int(level))};t={max(0, refill)}'
