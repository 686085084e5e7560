"""How long to wait before failed work is tried again. Policies are data, named by the kinds of work that use them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

# A server that asks for more than this has no say in our schedule.
MAX_RETRY_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """`waits[n - 1]` is the plain wait after failure n; after the failure that has none the work is dead.

    The wait is scattered by up to `scatter_percent` of it in both directions, and by up to `scatter` more upwards.
    """

    waits: tuple[timedelta, ...]
    scatter_percent: int = 0
    scatter: timedelta = timedelta()

    @property
    def max_attempts(self) -> int:
        """This function will answer how often the work is done at most, the first time included."""
        return len(self.waits) + 1


def _waits(*seconds: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=value) for value in seconds)


POLICIES: Final[Mapping[str, Policy]] = MappingProxyType(
    {
        # attempts squared, three retries
        "billing": Policy(waits=_waits(*(n * n for n in (1, 2, 3))), scatter_percent=10),
        # a minute, doubled with every failure, at most an hour
        "queue": Policy(waits=_waits(*(min(60 * 2**n, 3600) for n in range(3))), scatter=timedelta(seconds=10)),
        # the schedule that the Standard Webhooks specification recommends; the first attempt is made at once
        "webhooks": Policy(
            waits=_waits(5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
            scatter_percent=20,
        ),
        # a fact's way to its handlers: attempts squared at first, then minutes; eight retries within ten minutes
        "outbox": Policy(waits=_waits(1, 4, 9, 16, 30, 60, 120, 300), scatter_percent=20),
        "gateway": Policy(waits=_waits(15, 60, 300, 1800, 7200), scatter_percent=10),
    }
)

# What can never succeed, by the name of the class: trying it again would only be late with the bad news. The nearest
# class that is named in either list decides, so that an exception to the exception is one more line.
NEVER_RETRIED: Final = frozenset(
    {
        "core.errors.Refusal",
        "builtins.NotImplementedError",
        "builtins.UnicodeError",
        "decimal.InvalidOperation",
        "django.core.exceptions.ValidationError",
        "django.db.utils.DataError",
    }
)
RETRIED_ALL_THE_SAME: Final = frozenset({"core.errors.Unavailable"})


def is_hopeless(error: BaseException) -> bool:
    """This function will tell whether work that failed with this error would fail the same way every time."""
    for kind in type(error).__mro__:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name in NEVER_RETRIED | RETRIED_ALL_THE_SAME:
            return name in NEVER_RETRIED
    return False


def delay(
    policy: str, failures: int, jitter: float | None = None, *, retry_after: timedelta | None = None
) -> timedelta | None:
    """The wait after a failure.

    `failures` counts from 1 what has failed so far, the latest included. `jitter` is where in the scattered range the
    wait falls, from 0 (earliest) up to 1 (latest), usually `random.random()`; None is the plain wait. `retry_after` is
    what the other side asked for; it wins when it is longer, up to 24 hours. This function will answer the wait until
    the next attempt, or None when there is none any more: the work is dead.

    :raises KeyError: there is no such policy.
    :raises ValueError: nothing has failed yet, or the jitter is outside 0 to 1.
    """
    chosen = POLICIES[policy]
    if failures < 1 or (jitter is not None and not 0 <= jitter <= 1):
        raise ValueError("failures count from 1, jitter is from 0 to 1")
    if failures > len(chosen.waits):
        return None
    wait = _scattered(chosen, chosen.waits[failures - 1], jitter)
    return max(wait, min(retry_after, MAX_RETRY_AFTER)) if retry_after else wait


def _scattered(policy: Policy, wait: timedelta, jitter: float | None) -> timedelta:
    if jitter is None:
        return wait
    half = wait * policy.scatter_percent / 100
    return wait - half + (2 * half + policy.scatter) * jitter
