"""How an invoice came about: every line from its price, and everything after the lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts import selectors as customers
from billing import explaining
from billing.explaining import DiscountStory, DocumentStory, LineStory, Moved, Part, Sold, TaxStory
from billing.lines import Basis
from billing.models import CreditNote, Invoice, InvoiceDiscount, InvoiceLine, WalletFunding, WalletLot
from catalog import selectors as catalog
from catalog.selectors import PriceTerms
from core.errors import NotFound
from core.periods import Period, zone
from payments import selectors as money_in
from usage import selectors as usage

MOST_EVENTS = 100


@dataclass(frozen=True, kw_only=True)
class ExplainedUsage:
    """What a meter showed for a line, and the first of the events that it came from, by their senders' ids."""

    meter: str
    code: str
    name: str
    aggregation: str
    value: Decimal
    events: int | None
    starts_at: datetime
    ends_at: datetime
    measured_at: datetime
    event_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExplainedLine:
    """One line: what was sold, for when, and how its amount came about, as a formula and as a sentence."""

    id: str
    position: int
    kind: str
    description: str
    sold: Sold | None
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    quantity: Decimal
    unit_amount: Decimal | None
    amount_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    parts: tuple[Part, ...]
    limited_by: str
    calculation: str
    sentence: str
    usage: ExplainedUsage | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """An invoice from its lines to what is due. Amounts are minor units of `currency`; `moved` is in order of time."""

    invoice: str
    number: str | None
    state: str
    customer: str
    reference: str
    currency: str
    tax_behavior: str
    lines: tuple[ExplainedLine, ...]
    subtotal_minor: int
    discounts: tuple[DiscountStory, ...]
    discount_minor: int
    taxes: tuple[TaxStory, ...]
    tax_minor: int
    total_minor: int
    credit_applied_minor: int
    wallet_applied_minor: int
    credited_minor: int
    paid_minor: int
    refunded_minor: int
    due_minor: int
    moved: tuple[Moved, ...]
    sentences: tuple[str, ...]


def explain_invoice(invoice_id: UUID) -> Explanation:
    """This function will tell how an invoice came about and what became of it.

    :raises core.errors.NotFound: if the environment has no such invoice.
    """
    invoice = Invoice.objects.filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound
    customer = customers.get_customer(invoice.customer_id)
    lines = _lines(invoice, zone(customer.timezone))
    told = _document(invoice, lines)
    return Explanation(
        invoice=invoice.public_id, number=invoice.number, state=invoice.state, customer=customer.public_id,
        reference=invoice.reference, currency=invoice.currency, tax_behavior=invoice.tax_behavior, lines=lines,
        subtotal_minor=told.subtotal_minor, discounts=told.discounts, discount_minor=told.discount_minor,
        taxes=told.taxes, tax_minor=told.tax_minor, total_minor=told.total_minor,
        credit_applied_minor=told.credit_applied_minor, wallet_applied_minor=told.wallet_applied_minor,
        credited_minor=invoice.credited_minor, paid_minor=invoice.paid_minor, refunded_minor=invoice.refunded_minor,
        due_minor=told.due_minor, moved=told.moved, sentences=explaining.sentences(told, zone(customer.timezone)),
    )  # fmt: skip


def sold_of(terms: PriceTerms) -> Sold:
    """This function will return what is told of a price."""
    price = terms.price
    return Sold(
        price=terms.public_id, price_name=terms.name, model=str(price.model), formula=terms.formula,
        owner_name=terms.plan_name, plan=terms.plan_public_id, version=terms.version_number,
        addon=terms.addon_public_id, interval=terms.interval, interval_count=terms.interval_count,
        package_size=price.package_size, percentage=price.percentage, minimum_amount=price.minimum_amount,
        maximum_amount=price.maximum_amount,
    )  # fmt: skip


def discount_stories(subtotal_minor: int, given: Iterable[tuple[str, int, bool]]) -> tuple[DiscountStory, ...]:
    """This function will put coupons (description, minor units, whether scoped) into the order in which they count."""
    left, told = subtotal_minor, []
    for description, minor, is_scoped in sorted(given, key=lambda one: not one[2]):
        left -= minor
        told.append(
            DiscountStory(description=description, amount_minor=minor, left_minor=left, is_scoped=is_scoped)
        )  # fmt: skip
    return tuple(told)


def _lines(invoice: Invoice, place: ZoneInfo) -> tuple[ExplainedLine, ...]:
    rows = [(row, row.as_line()) for row in invoice.lines.order_by("position")]
    prices = catalog.list_prices({line.basis.price_id for _, line in rows if line.basis})
    sold = {price_id: sold_of(terms) for price_id, terms in prices.items()}
    is_final = invoice.state != Invoice.State.DRAFT
    told = []
    for row, line in rows:
        its = sold.get(line.basis.price_id) if line.basis else None
        story = explaining.story(line, its, currency=invoice.currency, zone=place, is_final=is_final)
        told.append(_line(row, story, its, _usage(line.basis, invoice.customer_id)))
    return tuple(told)


def _line(row: InvoiceLine, story: LineStory, sold: Sold | None, used: ExplainedUsage | None) -> ExplainedLine:
    return ExplainedLine(
        id=row.public_id, position=row.position, kind=row.kind, description=row.description, sold=sold,
        period_starts_at=row.period_starts_at, period_ends_at=row.period_ends_at, quantity=row.quantity,
        unit_amount=row.unit_amount, amount_minor=row.amount_minor, discount_minor=row.discount_minor,
        tax_minor=row.tax_minor, total_minor=row.total_minor, parts=story.parts, limited_by=story.limited_by,
        calculation=story.calculation, sentence=story.sentence, usage=used,
    )  # fmt: skip


def _usage(basis: Basis | None, customer_id: UUID) -> ExplainedUsage | None:
    """What was measured: only a basis with a window was."""
    if basis is None or not (basis.meter_id and basis.starts_at and basis.ends_at and basis.measured_at):
        return None
    meter = usage.find_meter(basis.meter_id)
    if meter is None:
        return None
    counted = usage.list_counted_events(
        meter_id=basis.meter_id, customer_id=customer_id, period=Period(basis.starts_at, basis.ends_at),
        received_by=basis.measured_at, limit=MOST_EVENTS,
    )  # fmt: skip
    return ExplainedUsage(
        meter=meter.public_id, code=meter.code, name=meter.name, aggregation=meter.aggregation, value=basis.quantity,
        events=basis.events, starts_at=basis.starts_at, ends_at=basis.ends_at, measured_at=basis.measured_at,
        event_ids=tuple(one.event_id for one in counted),
    )  # fmt: skip


def _document(invoice: Invoice, lines: Sequence[ExplainedLine]) -> DocumentStory:
    rows = invoice.discounts.select_related("redemption__coupon").order_by("position")
    return DocumentStory(
        state=invoice.state, currency=invoice.currency, is_inclusive=invoice.tax_behavior == "inclusive",
        subtotal_minor=invoice.subtotal_minor, discount_minor=invoice.discount_minor, tax_minor=invoice.tax_minor,
        total_minor=invoice.total_minor, credit_applied_minor=invoice.credit_applied_minor,
        wallet_applied_minor=invoice.wallet_applied_minor, due_minor=invoice.due_minor, due_at=invoice.due_at,
        lines=tuple(line.sentence for line in lines),
        discounts=discount_stories(invoice.subtotal_minor, [_given(row) for row in rows]),
        taxes=_taxes(invoice), moved=tuple(sorted(_moved(invoice), key=lambda one: one.at)),
    )  # fmt: skip


def _given(row: InvoiceDiscount) -> tuple[str, int, bool]:
    return row.description, row.amount_minor, row.redemption.coupon.is_scoped


def _taxes(invoice: Invoice) -> tuple[TaxStory, ...]:
    return tuple(
        TaxStory(
            code=row.code, name=row.name, country=row.country, percentage=row.percentage, base_minor=row.base_minor,
            tax_minor=row.tax_minor, is_reverse_charge=row.is_reverse_charge,
        )
        for row in invoice.taxes.order_by("position")
    )  # fmt: skip


def _moved(invoice: Invoice) -> Iterable[Moved]:
    yield from _stored(invoice)
    for payment in money_in.list_payments(invoice.public_id):
        if payment.settled_at and payment.status not in ("failed", "canceled"):
            yield Moved(
                kind="payment", id=payment.public_id, name="", amount_minor=payment.amount_minor, at=payment.settled_at
            )  # fmt: skip
    for note in invoice.credit_notes.order_by("id"):
        yield _credited(note)
    for refund in money_in.list_refunds(invoice.public_id):
        yield Moved(
            kind="refund", id=refund.public_id, name="", amount_minor=refund.amount_minor, at=refund.finished_at
        )  # fmt: skip


def _stored(invoice: Invoice) -> Iterable[Moved]:
    """What each lot of the wallet paid. The lots of credit notes are the customer's credit."""
    burnt = WalletFunding.objects.filter(transaction__invoice=invoice, transaction__kind="burn")
    for row in burnt.filter(transaction__reversals=None).select_related("lot", "transaction").order_by("id"):
        is_credit = row.lot.source == WalletLot.Source.CREDIT_NOTE
        yield Moved(
            kind="credit" if is_credit else "wallet", id=row.lot.public_id, name=_origin(row.lot),
            amount_minor=abs(row.amount_minor), at=row.transaction.created_at,
        )  # fmt: skip


def _origin(lot: WalletLot) -> str:
    if lot.source == WalletLot.Source.PROMOTION:
        return f"given as {lot.description}" if lot.description else "given"
    return {"top_up": "bought", "credit_note": "credited", "overpayment": "overpaid"}[lot.source]


def _credited(note: CreditNote) -> Moved:
    parts = (
        ("due", note.due_minor), ("refund", note.refund_minor), ("wallet", note.wallet_minor),
        ("out_of_band", note.out_of_band_minor),
    )  # fmt: skip
    return Moved(
        kind="credit_note", id=note.public_id, name=note.number, amount_minor=note.total_minor, at=note.issued_at,
        parts=parts,
    )  # fmt: skip
