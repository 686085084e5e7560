"""Answers about subscriptions for other apps."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import errors
from subscriptions.models import Subscription


@dataclass(frozen=True, kw_only=True)
class SubscriptionView:
    """A subscription as other apps know it. Instants are UTC; `ends_at` is the end of a fixed term."""

    id: UUID
    public_id: str
    customer_id: UUID
    plan_id: UUID
    plan_version_id: UUID
    family: str | None
    status: str
    currency: str
    quantity: int
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    renews_at: datetime | None
    ends_at: datetime | None


def get_subscription(subscription_id: UUID) -> SubscriptionView:
    """This function will return a subscription of the environment in force.

    :raises core.errors.NotFound: if it has no such subscription.
    """
    row = Subscription.objects.filter(pk=subscription_id).first()
    if row is None:
        raise errors.NotFound
    return view(row)


def view(row: Subscription) -> SubscriptionView:
    """This function will return the frozen view of a row."""
    return SubscriptionView(
        id=row.id, public_id=row.public_id, customer_id=row.customer_id, plan_id=row.plan_id,
        plan_version_id=row.plan_version_id, family=row.family, status=row.status, currency=row.currency,
        quantity=row.quantity, period_starts_at=row.period_starts_at, period_ends_at=row.period_ends_at,
        renews_at=row.renews_at, ends_at=row.ends_at,
    )  # fmt: skip
