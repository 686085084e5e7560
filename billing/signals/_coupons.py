"""What happens to coupons, as facts."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class CouponCreated(Event):
    """A coupon can be redeemed; `percent` is decimal text, or `amount_minor` is in `currency`."""

    type: ClassVar[str] = "coupon.created"

    code: str
    percent: str | None
    amount_minor: int | None
    currency: str | None
    duration: str


@dataclass(frozen=True, kw_only=True)
class CouponUpdated(Event):
    """Something about a coupon changed; `changed` names the members, not their values."""

    type: ClassVar[str] = "coupon.updated"

    code: str
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CouponArchived(Event):
    """A coupon is no longer given out; whoever holds it keeps it."""

    type: ClassVar[str] = "coupon.archived"

    code: str
    archived_at: datetime


@dataclass(frozen=True, kw_only=True)
class CouponRedeemed(Event):
    """A customer holds a coupon for the agreement or invoice `reference`; `subject` is the redemption."""

    type: ClassVar[str] = "coupon.redeemed"

    coupon: str
    code: str
    customer: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class CouponRemoved(Event):
    """A coupon was taken off after it has reduced invoices, which stay as they are; it reduces no further one."""

    type: ClassVar[str] = "coupon.removed"

    coupon: str
    code: str
    customer: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class CouponReleased(Event):
    """A redemption that led to no payment was given back, and another customer may have it."""

    type: ClassVar[str] = "coupon.released"

    coupon: str
    code: str
    customer: str
    reference: str
