"""Failed log-ins, counted in the database so that no cache's loss opens the door.

An attempt is counted before the password is looked at, so that parallel guesses count too; success takes it back. The
answer to too many is a time to wait, never a lock: nobody can shut an account's owner out by guessing at it.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import LoginAttempt
from core.http import refusals
from core.http.client_ip import limit_key

FREE_FAILURES = 5
LONGEST_DELAY_S = 60
PER_ACCOUNT = (100, timedelta(hours=1))
PER_ADDRESS = (100, timedelta(minutes=15))
FORGOTTEN_AFTER = timedelta(days=1)


class TooManyAttempts(refusals.RateLimited):
    """`retry_after` is in whole seconds."""

    code = "too_many_attempts"
    title = "Too many attempts to log in. Wait a little and try again."


@dataclass(frozen=True, kw_only=True)
class Knock:
    """Who knocks: at which account (its canonical e-mail address), from which client address."""

    account: str
    address: str

    @property
    def subjects(self) -> tuple[bytes, bytes, bytes]:
        """This function will return the hashed names of the three counters: pair, account, address."""
        near = limit_key(self.address) if self.address else ""
        named = (("pair", self.account, near), ("account", self.account), ("address", near))
        first, second, third = (hashlib.sha256("\x00".join(one).encode()).digest() for one in named)
        return first, second, third


@transaction.atomic
def count(knock: Knock, *, now: datetime) -> None:
    """This function will count an attempt of the environment in force; `now` is the machine's instant.

    :raises TooManyAttempts: while the caller is to wait; such an attempt counts for nothing.
    """
    pair, account, address = (_counter(subject, now=now) for subject in knock.subjects)
    _refuse_early(pair, now=now)
    _refuse_crowd(address, PER_ADDRESS, now=now)
    if pair.succeeded_at is None:
        _refuse_crowd(account, PER_ACCOUNT, now=now)
    for row in (pair, account, address):
        row.failures += 1
    pair.blocked_until = now + delay(pair.failures)
    for row in (pair, account, address):
        row.save(update_fields=["failures", "window_started_at", "blocked_until"])


@transaction.atomic
def forgive(knock: Knock, *, now: datetime) -> None:
    """This function will take back the count of an attempt that turned out right, and remember the address."""
    pair, account, address = (_counter(subject, now=now) for subject in knock.subjects)
    pair.failures, pair.blocked_until, pair.succeeded_at = 0, None, now
    pair.save(update_fields=["failures", "blocked_until", "succeeded_at"])
    for row in (account, address):
        row.failures = max(row.failures - 1, 0)
        row.save(update_fields=["failures"])


def delay(failures: int) -> timedelta:
    """This function will return how long to wait after so many failures: 1, 2, 4 … 60 seconds from the fifth on."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    return timedelta(seconds=min(2 ** min(failures - FREE_FAILURES, 10), LONGEST_DELAY_S))


def _counter(subject: bytes, *, now: datetime) -> LoginAttempt:
    LoginAttempt.objects.bulk_create([LoginAttempt(subject=subject, window_started_at=now)], ignore_conflicts=True)
    return LoginAttempt.objects.select_for_update().get(subject=subject)


def _refuse_early(pair: LoginAttempt, *, now: datetime) -> None:
    if pair.blocked_until is not None and pair.blocked_until > now:
        raise TooManyAttempts(retry_after=math.ceil((pair.blocked_until - now).total_seconds()))
    if pair.window_started_at + FORGOTTEN_AFTER <= now:
        pair.failures, pair.window_started_at = 0, now


def _refuse_crowd(row: LoginAttempt, limit: tuple[int, timedelta], *, now: datetime) -> None:
    most, window = limit
    ends_at = row.window_started_at + window
    if ends_at <= now:
        row.failures, row.window_started_at = 0, now
    elif row.failures >= most:
        raise TooManyAttempts(retry_after=math.ceil((ends_at - now).total_seconds()))
