"""What happens to documents."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class InvoiceSent(Event):
    """The invoice was mailed to its customer. `subject` is the invoice."""

    type: ClassVar[str] = "invoice.sent"

    customer: str
