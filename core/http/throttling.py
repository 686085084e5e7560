"""How often who may ask: by address before anybody is known, by principal after that."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS

from core.http import client_ip, refusals
from core.http.buckets import Bucket, SharedBuckets, Taken

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
    _take(request, Bucket(key=f"address:{_network(address)}", capacity=capacity, window=window), "address")


def charge(request: Any, view: Any) -> None:
    """This function will charge the principal of an authenticated (or anonymous) request.

    :raises RateLimited: when the bucket of this class of routes is empty.
    """
    name = view.rate_class or ("read" if request.method in SAFE_METHODS else "write")
    size = "programs" if request.user.type in PROGRAMS else "people"
    capacity, window = settings.RATE_LIMITS[name][size]
    who = request.user.label if request.user.type != "anonymous" else f"anonymous:{_network(request.client_ip)}"
    _take(request._request, Bucket(key=f"{name}:{who}", capacity=capacity, window=window), name)


def give_back(request: Any) -> None:
    """This function will put the principal's token back: the repeat of a finished request costs none."""
    bucket: Bucket | None = getattr(request._request, "charged_bucket", None)
    if bucket is not None:
        store().give_back(bucket)


def _network(address: str) -> str:
    return client_ip.limit_key(address) if address else "unknown"


def _take(request: HttpRequest, bucket: Bucket, name: str) -> None:
    if not settings.RATE_LIMITS_ENABLED:
        return
    taken = store().take([bucket])
    request.rate_limit_headers = headers(bucket, taken, name)  # type: ignore[attr-defined]
    request.charged_bucket = bucket  # type: ignore[attr-defined]
    if not taken.is_allowed:
        raise refusals.RateLimited(retry_after=taken.retry_after)


def headers(bucket: Bucket, taken: Taken, name: str) -> dict[str, str]:
    """This function will return the RateLimit fields of the IETF draft (-10): what is left, and until when."""
    left = max(0, int(taken.left[0]))
    refill = round((bucket.capacity - taken.left[0]) * bucket.window / bucket.capacity)
    return {
        "RateLimit-Policy": f'"{name}";q={bucket.capacity};w={bucket.window}',
        "RateLimit": f'"{name}";r={left};t={max(0, refill)}',
    }
