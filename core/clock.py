"""The only reader of the system clock.

Faces ask `now()` and pass the answer on; verbs receive it. Inside the scope of a sandbox environment whose clock is
frozen, `now()` is that clock; `wall()` is always the machine's and serves leases, retries and measurements only.
"""

import time
from datetime import UTC, datetime

from core.tenancy import scopes


def now() -> datetime:
    """This function will return the current instant of the scope's environment, in UTC."""
    current = scopes.current()
    if isinstance(current, scopes.Scope) and current.clock_at is not None:
        return current.clock_at
    return wall()


def wall() -> datetime:
    """This function will return the machine's current instant in UTC, frozen clocks notwithstanding."""
    return datetime.now(UTC)


def monotonic() -> float:
    """This function will return seconds of a clock that never goes back, for measuring durations."""
    return time.monotonic()


def unix() -> int:
    """This function will return the machine's current instant as whole seconds since 1970."""
    return int(time.time())
