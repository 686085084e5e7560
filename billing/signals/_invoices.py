"""What happens to invoices."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class InvoiceDrafted(Event):
    """It exists and can still change; `finalizes_at` is when it is finalized by itself, if it is."""

    type: ClassVar[str] = "invoice.drafted"

    customer: str
    reference: str
    kind: str
    total_minor: int
    currency: str
    finalizes_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class InvoiceDraftChanged(Event):
    """What a draft says was changed."""

    type: ClassVar[str] = "invoice.draft_changed"

    customer: str
    reference: str
    total_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoiceDraftDeleted(Event):
    """A draft was thrown away; it never had a number."""

    type: ClassVar[str] = "invoice.draft_deleted"

    customer: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class InvoiceWrittenOff(Event):
    """Nobody expects its money any more; if it comes all the same it is taken."""

    type: ClassVar[str] = "invoice.written_off"

    customer: str
    reference: str
    kind: str
    amount_minor: int
    currency: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CreditCarried(Event):
    """A credit waits for a later invoice of its agreement, as there was nothing to take it off. `subject` is it."""

    type: ClassVar[str] = "billing.credit_carried"

    customer: str
    reference: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoiceFinalized(Event):
    """The invoice has its number, and its content no longer changes. `subject` is the invoice in all of these."""

    type: ClassVar[str] = "invoice.finalized"

    customer: str
    reference: str
    kind: str
    number: str
    total_minor: int
    due_minor: int
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
