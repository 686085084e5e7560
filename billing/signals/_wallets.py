"""What happens to wallets, as facts. `subject` is the wallet in all of these."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class WalletCreated(Event):
    """A customer has a wallet in a currency."""

    type: ClassVar[str] = "wallet.created"

    customer: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class WalletGranted(Event):
    """Value came in as a lot: `source` is top_up, promotion, credit_note or overpayment."""

    type: ClassVar[str] = "wallet.granted"

    customer: str
    transaction: str
    lot: str
    source: str
    invoice: str | None
    amount_minor: int
    balance_minor: int
    currency: str
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class WalletBurned(Event):
    """Value was used: for an invoice, or by a debit, which has none. `amount_minor` is positive."""

    type: ClassVar[str] = "wallet.burned"

    customer: str
    transaction: str
    invoice: str | None
    amount_minor: int
    balance_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class WalletReversed(Event):
    """What a transaction had taken is back in the lots it was taken from. `reverses` is that transaction."""

    type: ClassVar[str] = "wallet.reversed"

    customer: str
    transaction: str
    reverses: str
    invoice: str | None
    amount_minor: int
    balance_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class WalletExpired(Event):
    """What a lot had left when its time was over is gone. `amount_minor` is positive."""

    type: ClassVar[str] = "wallet.expired"

    customer: str
    transaction: str
    lot: str
    amount_minor: int
    balance_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class WalletLow(Event):
    """What can be used is below the threshold at which value is bought by itself."""

    type: ClassVar[str] = "wallet.low"

    customer: str
    usable_minor: int
    below_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class WalletTopUpRequested(Event):
    """An invoice for value was issued; the value comes in when it is paid."""

    type: ClassVar[str] = "wallet.top_up_requested"

    customer: str
    invoice: str
    amount_minor: int
    currency: str
    is_automatic: bool


@dataclass(frozen=True, kw_only=True)
class WalletAutoTopUpConfigured(Event):
    """Below `below_minor` so much is bought by itself; both are null when it was switched off."""

    type: ClassVar[str] = "wallet.auto_top_up_configured"

    customer: str
    below_minor: int | None
    amount_minor: int | None
    currency: str
