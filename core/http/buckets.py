"""Token buckets in Redis, counted by its own clock.

While Redis does not answer, `RATE_LIMIT_ON_STORE_FAILURE` decides: each process counts its share (`local`), nobody
counts (`open`), or nobody is admitted (`closed`). By default losing the shared count makes limits looser, it never
makes the API fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import Any, ClassVar

import redis
import structlog
from django.conf import settings

from core import clock, errors

log = structlog.get_logger(__name__)

# One round trip for any number of buckets; a token is taken from each of them or from none.
_SCRIPT = """
local now = redis.call('TIME')
local instant = now[1] + now[2] / 1000000
local tokens, waits, allowed = {}, {}, 1
for i, key in ipairs(KEYS) do
  local capacity, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local kept = redis.call('HMGET', key, 't', 's')
  -- A clock that was put back refills nothing and takes nothing.
  local since = math.max(0, instant - tonumber(kept[2] or instant))
  local level = tonumber(kept[1] or capacity) + since * capacity / window
  tokens[i] = math.min(capacity, level)
  waits[i] = tostring(math.max(0, (1 - tokens[i]) * window / capacity))
  if tokens[i] < 1 then allowed = 0 end
end
local left = {}
for i, key in ipairs(KEYS) do
  if allowed == 1 then tokens[i] = tokens[i] - 1 end
  redis.call('HSET', key, 't', tostring(tokens[i]), 's', tostring(instant))
  redis.call('EXPIRE', key, math.ceil(tonumber(ARGV[2 * i])) + 1)
  left[i] = tostring(tokens[i])
end
return {allowed, left, waits}
"""
# A token that was taken and did not count goes back, unless the bucket has been forgotten meanwhile.
_RETURN = """
local level = redis.call('HGET', KEYS[1], 't')
if level then redis.call('HSET', KEYS[1], 't', tostring(math.min(tonumber(ARGV[1]), tonumber(level) + 1))) end
return level
"""
_TIMEOUT = 0.05  # seconds; a limiter may not become the slowest part of a request
_BREAK = 10.0  # seconds without asking Redis after it has failed, and without saying so again
_MAX_LOCAL = 10_000


class LimitsUnavailable(errors.Unavailable):
    code = "rate_limits_unavailable"
    title = "Requests cannot be counted at the moment."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "10"}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """`capacity` tokens that refill evenly over `window` seconds; `key` is whose they are."""

    key: str
    capacity: int
    window: int


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Whether a token was taken, and per bucket what is left and how many seconds until the next one."""

    is_allowed: bool
    left: tuple[float, ...]
    waits: tuple[float, ...]

    @property
    def retry_after(self) -> int:
        """Whole seconds after which asking again makes sense."""
        return max(1, ceil(max(self.waits)))


class LocalBuckets:
    """The same count for one process: a share of the capacity, for limits while Redis is away."""

    def __init__(self) -> None:
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, buckets: Sequence[Bucket]) -> Taken:
        """This function will take one token from each bucket, or from none."""
        now = clock.monotonic()
        with self._lock:
            levels = [self._level(bucket, now) for bucket in buckets]
            is_allowed = all(level >= 1 for level in levels)
            left = [level - is_allowed for level in levels]
            self._levels.update({bucket.key: (level, now) for bucket, level in zip(buckets, left, strict=True)})
        waits = [_wait(bucket, level) for bucket, level in zip(buckets, levels, strict=True)]
        return Taken(is_allowed=is_allowed, left=tuple(left), waits=tuple(waits))

    def give_back(self, bucket: Bucket) -> None:
        """This function will put a token back."""
        with self._lock:
            if bucket.key in self._levels:
                level, since = self._levels[bucket.key]
                self._levels[bucket.key] = (min(_share(bucket), level + 1), since)

    def _level(self, bucket: Bucket, now: float) -> float:
        if len(self._levels) > _MAX_LOCAL:
            self._levels.clear()  # strangers may not fill the memory; starting over only forgives
        share = _share(bucket)
        level, since = self._levels.get(bucket.key, (float(share), now))
        return min(share, level + (now - since) * share / bucket.window)


def _wait(bucket: Bucket, level: float) -> float:
    return max(0.0, (1 - level) * bucket.window / _share(bucket))


def _share(bucket: Bucket) -> int:
    processes: int = settings.RATE_LIMIT_PROCESSES
    return max(1, bucket.capacity // processes)


class SharedBuckets:
    """Buckets in Redis behind a circuit breaker, with the local ones as the second choice."""

    def __init__(self, url: str, timeout: float = _TIMEOUT) -> None:
        self._redis: Any = redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)
        self._script = self._redis.register_script(_SCRIPT)
        self._return = self._redis.register_script(_RETURN)
        self._local = LocalBuckets()
        self._broken_until = 0.0

    def take(self, buckets: Sequence[Bucket]) -> Taken:
        """This function will take one token from each bucket, or from none.

        :raises LimitsUnavailable: if Redis does not answer and the settings want no request to pass uncounted.
        """
        if clock.monotonic() < self._broken_until:
            return self._without_redis(buckets)
        try:
            return self._ask(buckets)
        except redis.RedisError as failure:
            self._break(failure)
            return self._without_redis(buckets)

    def give_back(self, bucket: Bucket) -> None:
        """This function will put a token back, wherever it was taken from."""
        if clock.monotonic() < self._broken_until:
            self._local.give_back(bucket)
            return
        try:
            self._return(keys=[f"rate:{bucket.key}"], args=[bucket.capacity])
        except redis.RedisError as failure:
            self._break(failure)

    def _break(self, failure: redis.RedisError) -> None:
        if clock.monotonic() >= self._broken_until:  # of the requests that saw it at the same time, one says it
            self._broken_until = clock.monotonic() + _BREAK
            log.warning("ratelimit.store_failed", reason=type(failure).__name__)

    def _without_redis(self, buckets: Sequence[Bucket]) -> Taken:
        if settings.RATE_LIMIT_ON_STORE_FAILURE == "closed":
            raise LimitsUnavailable
        if settings.RATE_LIMIT_ON_STORE_FAILURE == "open":
            return Taken(is_allowed=True, left=tuple(one.capacity for one in buckets), waits=(0.0,) * len(buckets))
        return self._local.take(buckets)

    def _ask(self, buckets: Sequence[Bucket]) -> Taken:
        rates = [number for bucket in buckets for number in (bucket.capacity, bucket.window)]
        allowed, left, waits = self._script(keys=[f"rate:{bucket.key}" for bucket in buckets], args=rates)
        return Taken(
            is_allowed=bool(allowed), left=tuple(float(one) for one in left), waits=tuple(float(one) for one in waits)
        )
