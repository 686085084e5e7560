"""What happens to gifts. `subject` is the gift in all of these; a code is in none."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class GiftBought(Event):
    """Somebody wants to give; the invoice is on its way to be paid."""

    type: ClassVar[str] = "gift.bought"

    buyer: str
    plan: str
    intervals: int
    invoice: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class GiftPaid(Event):
    """The buyer's invoice is paid; the gift will be delivered."""

    type: ClassVar[str] = "gift.paid"

    invoice: str


@dataclass(frozen=True, kw_only=True)
class GiftDelivered(Event):
    """The recipient was mailed a code."""

    type: ClassVar[str] = "gift.delivered"

    expires_at: str
    delivery: int


@dataclass(frozen=True, kw_only=True)
class GiftRedeemed(Event):
    """It became a subscription, or made one longer."""

    type: ClassVar[str] = "gift.redeemed"

    customer: str
    subscription: str


@dataclass(frozen=True, kw_only=True)
class GiftExpired(Event):
    """Nobody redeemed it in time."""

    type: ClassVar[str] = "gift.expired"

    policy: str


@dataclass(frozen=True, kw_only=True)
class GiftCanceled(Event):
    """It was taken back before it was redeemed."""

    type: ClassVar[str] = "gift.canceled"

    reason: str
    is_refunded: bool


@dataclass(frozen=True, kw_only=True)
class GiftRefunded(Event):
    """The buyer has his money back."""

    type: ClassVar[str] = "gift.refunded"

    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class GiftResendRequested(Event):
    """It will be mailed once more."""

    type: ClassVar[str] = "gift.resend_requested"
