"""What happens to credit notes."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class CreditNoteIssued(Event):
    """An invoice, or a part of it, is taken back. The four sums say where the total went; `subject` is the note."""

    type: ClassVar[str] = "credit_note.issued"

    customer: str
    invoice: str
    reference: str
    kind: str
    number: str
    reason: str
    total_minor: int
    tax_minor: int
    due_minor: int
    refund_minor: int
    wallet_minor: int
    out_of_band_minor: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoiceCredited(Event):
    """A credit note took something off what was due on it; `due_minor` is left.

    `is_forgiven` tells that nothing is due any more and nobody ever paid anything on it: notes have taken all of it
    back. Then there is no `invoice.paid`.
    """

    type: ClassVar[str] = "invoice.credited"

    customer: str
    reference: str
    kind: str
    credit_note: str
    amount_minor: int
    due_minor: int
    currency: str
    is_forgiven: bool
