"""What happens to invoices."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class InvoiceFinalized(Event):
    """The invoice has its number, and its content no longer changes. `subject` is the invoice in all of these."""

    type: ClassVar[str] = "invoice.finalized"

    customer: str
    reference: str
    kind: str
    number: str
    total_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoicePaid(Event):
    """Nothing is due on it any more."""

    type: ClassVar[str] = "invoice.paid"

    customer: str
    reference: str
    kind: str
    total_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoicePaymentReceived(Event):
    """Money arrived and the invoice is not thereby paid: a part, or money beyond what was due."""

    type: ClassVar[str] = "invoice.payment_received"

    customer: str
    reference: str
    payment: str
    amount_minor: int
    excess_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoicePaymentFailed(Event):
    """A payment for it was declined; `is_hard` when trying the same means again is pointless."""

    type: ClassVar[str] = "invoice.payment_failed"

    customer: str
    reference: str
    kind: str
    code: str
    is_hard: bool


@dataclass(frozen=True, kw_only=True)
class InvoiceVoided(Event):
    """It was taken back before anybody paid; it keeps its number."""

    type: ClassVar[str] = "invoice.voided"

    customer: str
    reference: str
    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class InvoiceRefunded(Event):
    """Money for it went back to the customer."""

    type: ClassVar[str] = "invoice.refunded"

    customer: str
    reference: str
    kind: str
    refund: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class GiftRecognized(Event):
    """A gift's liability became revenue: it was redeemed, or expired unused (`is_breakage`). `subject` is the gift."""

    type: ClassVar[str] = "billing.gift_recognized"

    amount_minor: int
    currency: str
    is_breakage: bool


@dataclass(frozen=True, kw_only=True)
class GiftReturned(Event):
    """A gift's money went back before anybody used it, and nothing is owed for it any more. `subject` is the gift."""

    type: ClassVar[str] = "billing.gift_returned"

    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class NumberingConfigured(Event):
    """How a series writes its numbers was decided; `subject` is the series."""

    type: ClassVar[str] = "billing.numbering_configured"

    series: str
    pattern: str
    reset: str
