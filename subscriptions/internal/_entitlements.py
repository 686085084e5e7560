"""Granting what the plan grants, for as long as the current period lasts."""

from collections.abc import Iterable
from datetime import datetime

from catalog.selectors import PlanTerms
from subscriptions.models import Subscription
from usage.internal import FeatureGrant, Grant, Granted, grant_many, lock_held, revoke_entitlements


def grant(subscription: Subscription, terms: PlanTerms, *, now: datetime) -> None:
    """This function will grant the plan's features for the current period, in place of those granted before.

    To a subscription whose access is suspended, or that rests, nothing is granted.
    """
    grant_all([(subscription, terms)], now=now)


def grant_all(
    subscriptions: Iterable[tuple[Subscription, PlanTerms]], *, now: datetime, held: Granted | None = None
) -> None:
    """This function will do so for many subscriptions in the same statements.

    `held` is what `look_up_granted` has found in this transaction.
    """
    grants = [_grant(row, terms) for row, terms in subscriptions if row.suspended_at is None and row.paused_at is None]
    if grants:
        grant_many(grants, now=now, held=held)


def look_up_granted(subscriptions: Iterable[Subscription]) -> Granted:
    """This function will lock what subscriptions have granted so far, before anything is written for them."""
    return lock_held([row.public_id for row in subscriptions])


def _grant(subscription: Subscription, terms: PlanTerms) -> Grant:
    features = [
        FeatureGrant(
            code=one.code, name=one.name, kind=one.kind, value=one.value, limit=one.limit,
            limit_kind=one.limit_kind, reset=one.reset,
        )
        for one in terms.features
    ]  # fmt: skip
    return Grant(
        customer_id=subscription.customer_id, source=subscription.public_id, features=features,
        starts_at=subscription.period.starts_at, ends_at=subscription.period.ends_at,
    )  # fmt: skip


def revoke(subscription: Subscription, *, now: datetime) -> None:
    """This function will take back everything the subscription granted."""
    revoke_entitlements(source=subscription.public_id, now=now)
