"""What is printed on an invoice, a credit note or a receipt: frozen, complete, and whole by itself."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """Which document it is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    RECEIPT = "receipt"


@dataclass(frozen=True, kw_only=True)
class TaxId:
    """A registration of a party: `type` such as `eu_vat`, and the value as it is written."""

    type: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Party:
    """Who sells or who buys. `address` is one line of print each, the country written out last."""

    name: str
    address: tuple[str, ...] = ()
    tax_ids: tuple[TaxId, ...] = ()
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table. Amounts are minor units of the content's currency, `unit_amount` is in major units.

    `period_from` and `period_to` are both days of the period. `rates` are the percentages of its taxes.
    """

    description: str
    amount_minor: int
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None
    rates: tuple[Decimal, ...] = ()
    period_from: date | None = None
    period_to: date | None = None


@dataclass(frozen=True, kw_only=True)
class Discount:
    """What one coupon took off; `amount_minor` is not negative."""

    description: str
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class Tax:
    """One row of the tax table: the rate per hundred, what it is computed from and what it comes to."""

    name: str
    percentage: Decimal
    base_minor: int
    tax_minor: int
    is_reverse_charge: bool = False


@dataclass(frozen=True, kw_only=True)
class Paid:
    """Money that arrived, on a day."""

    on: date
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What became of the total, in minor units, none negative; None is not printed at all.

    `credits_minor` and `wallet_minor` are stored value that an invoice used; `refund_minor`, `to_wallet_minor`,
    `off_due_minor` and `elsewhere_minor` are where a credit note went.
    """

    credits_minor: int = 0
    wallet_minor: int = 0
    payments: tuple[Paid, ...] = ()
    due_minor: int | None = None
    off_due_minor: int = 0
    refund_minor: int = 0
    to_wallet_minor: int = 0
    elsewhere_minor: int = 0


@dataclass(frozen=True, kw_only=True)
class Logo:
    """A picture: `format` is png, jpg or svg."""

    format: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Content:
    """A whole document.

    `number` is its own, `invoice_number` the invoice's where the document is about one. `issued_at` is UTC and becomes
    the file's own date; `issued_on` is the day that is printed. Totals are minor units of `currency`.
    """

    kind: Kind
    locale: str
    currency: str
    number: str
    issued_at: datetime
    issued_on: date
    issuer: Party
    customer: Party
    lines: tuple[Line, ...]
    subtotal_minor: int
    total_minor: int
    tax_minor: int = 0
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[Tax, ...] = ()
    taxes_included: bool = False
    settlement: Settlement = field(default_factory=Settlement)
    due_on: date | None = None
    period_from: date | None = None
    period_to: date | None = None
    invoice_number: str = ""
    reason: str = ""
    notes: str = ""
    payment_url: str = ""
    footer: str = ""
    logo: Logo | None = None
