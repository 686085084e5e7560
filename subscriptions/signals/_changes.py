"""What happens to what was agreed. `subject` is the subscription in all of these."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class SubscriptionChanged(Event):
    """What was agreed is another from `effective_at` on, in one or several respects.

    `addons` are those whose quantity changed, `coupon` the code of one that was redeemed, `removed_coupons`
    those of coupons that were taken off, `invoice` bills the change if there was one at once, and `change` is what had
    been scheduled.
    """

    type: ClassVar[str] = "subscription.changed"

    customer: str
    plan: str
    effective_at: datetime
    from_plan: str
    from_version: str
    to_version: str
    from_quantity: int
    quantity: int
    addons: tuple[str, ...]
    coupon: str | None
    anchor_at: datetime | None
    invoice: str | None
    change: str | None
    removed_coupons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SubscriptionChangeScheduled(Event):
    """`change` will be tried at `effective_at`, or with the next period where that is None; it may replace another."""

    type: ClassVar[str] = "subscription.change_scheduled"

    customer: str
    plan: str
    change: str
    effective_at: datetime | None
    replaces: str | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionChangeWithdrawn(Event):
    """`change` will not happen; `reason` is what somebody said, or replaced, or subscription_ends."""

    type: ClassVar[str] = "subscription.change_withdrawn"

    customer: str
    plan: str
    change: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionChangeFailed(Event):
    """`change` could not be done when its time came; `code` is that of the refusal. Everything stays as it was."""

    type: ClassVar[str] = "subscription.change_failed"

    customer: str
    plan: str
    change: str
    code: str
    detail: str
