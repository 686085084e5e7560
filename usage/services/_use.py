"""Using up a metered feature, atomically: one statement decides."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from accounts import selectors as accounts
from core import errors, events, ids
from core.actor import Actor
from core.periods import Period
from core.tenancy import environment_id
from usage.allowances import Allowance, allowance, period_of
from usage.models import Entitlement, UsageCounter
from usage.signals import UsageLimitReached

# Percent of a limit at which it is said that it is nearly, and that it is wholly used; the highest first.
THRESHOLDS: Final = (100, 80)

# The row lock makes parallel uses queue, and each sees the count of the one before it. No row means: refused.
_USE = """
INSERT INTO usage_usagecounter AS counter
    (id, environment_id, customer_id, feature, period_starts_at, period_ends_at, used, hard_limit, alerted_percent,
     updated_at)
SELECT %(id)s, %(environment)s, %(customer)s, %(feature)s, %(starts_at)s, %(ends_at)s, %(delta)s, %(limit)s, 0, %(now)s
WHERE %(limit)s::bigint IS NULL OR %(delta)s::bigint <= %(limit)s::bigint
ON CONFLICT (environment_id, customer_id, feature, period_starts_at) DO UPDATE
SET used = counter.used + EXCLUDED.used, hard_limit = EXCLUDED.hard_limit, period_ends_at = EXCLUDED.period_ends_at,
    updated_at = EXCLUDED.updated_at
WHERE EXCLUDED.hard_limit IS NULL OR counter.used + EXCLUDED.used <= EXCLUDED.hard_limit
RETURNING counter.used
"""


class FeatureNotGranted(errors.NotFound):
    code = "feature_not_granted"
    title = "The customer is not entitled to this feature."


class FeatureNotMetered(errors.Conflict):
    code = "feature_not_metered"
    title = "The feature is on or off, or has a value; it cannot be used up."


class UsageLimitExceeded(errors.Exhausted):
    code = "usage_limit_exceeded"
    title = "This use would go beyond the limit; nothing was used."


@transaction.atomic
def use_feature(*, customer_id: UUID, feature: str, delta: int, actor: Actor, now: datetime) -> Allowance:
    """This function will use `delta` (at least 1) of a customer's metered feature and return how he stands then.

    The first use in a period that reaches 80 or 100 percent of the limit publishes `UsageLimitReached`.

    :raises core.errors.NotFound: if the environment has no such customer.
    :raises FeatureNotGranted, FeatureNotMetered: if there is nothing to use.
    :raises UsageLimitExceeded: if a hard limit would be passed; nothing is used then.
    """
    customer = accounts.get_customer(customer_id)
    entitlement = _entitlement(customer_id, feature, now)
    period = period_of(entitlement, timezone=customer.timezone, now=now)
    used = _use(entitlement, period, delta, now)
    if used is None:
        raise _exceeded(entitlement, period)
    standing = allowance(entitlement, period, used)
    _announce(standing, customer_id, delta, actor, now)
    return standing


def _entitlement(customer_id: UUID, feature: str, now: datetime) -> Entitlement:
    held = list(Entitlement.objects.of(customer_id).granted(at=now).filter(code=feature).most_generous_first())
    if not held:
        raise FeatureNotGranted(feature=feature)
    metered = [one for one in held if one.kind == Entitlement.Kind.METERED]
    if not metered:
        raise FeatureNotMetered(feature=feature)
    return metered[0]


def _use(entitlement: Entitlement, period: Period, delta: int, now: datetime) -> int | None:
    """The count after this use, None if the limit refuses it."""
    values: dict[str, Any] = {
        "id": ids.new(), "environment": environment_id(), "customer": entitlement.customer_id,
        "feature": entitlement.code, "starts_at": period.starts_at, "ends_at": period.ends_at, "delta": delta,
        "limit": entitlement.hard_limit, "now": now,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_USE, values)
        row = cursor.fetchone()
    return row[0] if row else None


def _exceeded(entitlement: Entitlement, period: Period) -> UsageLimitExceeded:
    counter = UsageCounter.objects.of_period(entitlement.customer_id, entitlement.code, period.starts_at).first()
    standing = allowance(entitlement, period, counter.used if counter else 0)
    return UsageLimitExceeded(
        feature=standing.feature, current_usage=standing.current_usage, limit=standing.limit,
        remaining=standing.remaining, reset_at=standing.reset_at.isoformat().replace("+00:00", "Z"),
    )  # fmt: skip


def _announce(standing: Allowance, customer_id: UUID, delta: int, actor: Actor, now: datetime) -> None:
    percent = crossed(standing.current_usage - delta, standing.current_usage, standing.limit)
    if percent is None or standing.limit is None:
        return
    # The counter is locked by our own use. It remembers, so that a limit raised in mid-period announces nothing twice.
    counter = UsageCounter.objects.of_period(customer_id, standing.feature, standing.period_starts_at)
    if counter.filter(alerted_percent__lt=percent).update(alerted_percent=percent):
        subject = ids.encode("cus", customer_id)
        events.publish(
            UsageLimitReached(
                subject=subject,
                actor=actor.label,
                at=now,
                customer=subject,
                feature=standing.feature,
                percent=percent,
                used=standing.current_usage,
                limit=standing.limit,
                resets_at=standing.reset_at,
            )
        )


def crossed(before: int, after: int, limit: int | None) -> int | None:
    """This function will return the highest threshold, in percent of the limit, that lies in (before, after]."""
    if limit is None:
        return None
    return next((one for one in THRESHOLDS if before * 100 < limit * one <= after * 100), None)
