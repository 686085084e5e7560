"""What an invoice would come to, without making it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from accounts import selectors as customers
from accounts.selectors import CustomerView
from accounts.services import CurrencyMismatch
from billing import explaining
from billing.arithmetic import LineTotals, TaxTotal
from billing.explaining import DiscountStory, DocumentStory, LineStory, Sold, TaxStory
from billing.internal import _coupons, _items, _terms
from billing.internal._compose import BillingTerms, Composition, compose
from billing.internal._items import Item
from billing.lines import NewLine, from_content
from billing.models import CouponRedemption, Invoice, PendingLine
from billing.selectors._explain import discount_stories, sold_of
from catalog import selectors as catalog
from core import errors
from core.periods import zone


class CurrencyNeeded(errors.Invalid):
    code = "currency_needed"
    title = "The customer has no currency yet, so the request must name one."


class ReferenceOfAnother(errors.Invalid):
    code = "reference_of_another_customer"
    title = "The subscription belongs to another customer."


@dataclass(frozen=True, kw_only=True)
class QuotedLine:
    """A line as it would stand on the invoice, and how its amount comes about."""

    position: int
    kind: str
    description: str
    quantity: Decimal
    unit_amount: Decimal | None
    amount_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    price: str | None
    plan: str | None
    tax_code: str
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    sold: Sold | None
    parts: tuple[explaining.Part, ...]
    limited_by: str
    calculation: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The invoice that would be issued. Amounts are minor units of `currency`.

    `carried_minor` are credits that its charges could not bear, and that would wait for a later invoice.
    """

    customer: str
    currency: str
    at: datetime
    tax_behavior: str
    lines: tuple[QuotedLine, ...]
    subtotal_minor: int
    discounts: tuple[DiscountStory, ...]
    discount_minor: int
    taxes: tuple[TaxStory, ...]
    tax_minor: int
    total_minor: int
    credit_applied_minor: int
    wallet_applied_minor: int
    due_minor: int
    carried_minor: int
    sentences: tuple[str, ...]


def quote_invoice(
    *,
    customer_id: UUID,
    items: Sequence[Item],
    now: datetime,
    currency: str | None = None,
    coupons: Sequence[str] = (),
    subscription: str = "",
    at: datetime | None = None,
) -> Quote:
    """This function will return exactly the invoice that these items would make, and change nothing.

    It is as of `at` (now unless given): the taxes, coupons and stored value of that instant. `coupons` are codes to be
    redeemed for it; a `subscription` (public id) adds the coupons it holds and what waits for its next invoice. Without
    `currency` it is the customer's.

    :raises core.errors.NotFound: if there is no such customer.
    :raises CurrencyNeeded, accounts.services.CurrencyMismatch: if the currency is not clear or another than his.
    :raises ReferenceOfAnother: if the subscription is somebody else's.
    :raises billing.internal.InvoiceEmpty, billing.internal.InvoiceNegative: if there would be no such invoice.
    :raises core.errors.Refusal: for items and coupons, as an invoice would be refused; see `billing.internal.lines_of`.
    """
    customer, when = customers.get_customer(customer_id), at or now
    chosen = _currency(customer, currency)
    _check_owner(subscription, customer_id)
    lines = [*_items.lines_of(items, chosen), *_waiting(subscription, chosen)]
    held = _coupons.held_for(subscription, currency=chosen, at=when) if subscription else ()
    tried = _coupons.preview(coupons, customer_id=customer_id, currency=chosen, at=when)
    terms = _terms.quoted(
        customer_id=customer_id, currency=chosen, kind=Invoice.Kind.ONE_OFF, at=when, coupons=(*held, *tried),
        carries=bool(subscription),
    )  # fmt: skip
    return _quote(customer, when, terms, compose(lines, terms))


def _currency(customer: CustomerView, asked: str | None) -> str:
    """The rule by which a first invoice fixes a customer's currency, without fixing it."""
    if asked is None and customer.currency is None:
        raise CurrencyNeeded
    if asked is not None and customer.currency not in (None, asked):
        raise CurrencyMismatch(customer_currency=customer.currency, currency=asked)
    return asked or str(customer.currency)


def _check_owner(reference: str, customer_id: UUID) -> None:
    rows = (model.objects.about(reference) for model in (Invoice, PendingLine, CouponRedemption))
    if reference and any(some.exclude(customer_id=customer_id).exists() for some in rows):
        raise ReferenceOfAnother


def _waiting(reference: str, currency: str) -> list[NewLine]:
    if not reference:
        return []
    rows = PendingLine.objects.about(reference).waiting().filter(currency=currency).order_by("id")
    return [from_content(row.content) for row in rows]


def _quote(customer: CustomerView, at: datetime, terms: BillingTerms, worked_out: Composition) -> Quote:
    totals, lines = worked_out.totals, _lines(customer, terms, worked_out)
    told = DocumentStory(
        state="quote", currency=terms.currency, is_inclusive=terms.tax_behavior == "inclusive",
        subtotal_minor=totals.subtotal_minor, discount_minor=totals.discount_minor, tax_minor=totals.tax_minor,
        total_minor=totals.total_minor, credit_applied_minor=totals.credit_applied_minor,
        wallet_applied_minor=totals.wallet_applied_minor, due_minor=totals.due_minor,
        lines=tuple(line.sentence for line in lines), discounts=_discounts(worked_out),
        taxes=tuple(_tax(one, worked_out) for one in totals.taxes),
    )  # fmt: skip
    return Quote(
        customer=customer.public_id, currency=terms.currency, at=at, tax_behavior=str(terms.tax_behavior), lines=lines,
        subtotal_minor=told.subtotal_minor, discounts=told.discounts, discount_minor=told.discount_minor,
        taxes=told.taxes, tax_minor=told.tax_minor, total_minor=told.total_minor,
        credit_applied_minor=told.credit_applied_minor, wallet_applied_minor=told.wallet_applied_minor,
        due_minor=told.due_minor, carried_minor=-sum(line.amount_minor for line in worked_out.waiting),
        sentences=explaining.sentences(told, zone(customer.timezone)),
    )  # fmt: skip


def _lines(customer: CustomerView, terms: BillingTerms, worked_out: Composition) -> tuple[QuotedLine, ...]:
    prices = catalog.list_prices({line.basis.price_id for line in worked_out.lines if line.basis})
    sold = {price_id: sold_of(one) for price_id, one in prices.items()}
    told = []
    for line, shown in zip(worked_out.lines, worked_out.totals.lines, strict=True):
        its = sold.get(line.basis.price_id) if line.basis else None
        story = explaining.story(line, its, currency=terms.currency, zone=zone(customer.timezone), is_final=False)
        told.append(_line(line, shown, its, story))
    return tuple(told)


def _line(line: NewLine, shown: LineTotals, sold: Sold | None, story: LineStory) -> QuotedLine:
    return QuotedLine(
        position=int(shown.id), kind=line.kind, description=line.description, quantity=line.quantity,
        unit_amount=line.unit_amount, amount_minor=shown.amount_minor, discount_minor=shown.discount_minor,
        tax_minor=shown.tax_minor, total_minor=shown.gross_minor, price=line.price, plan=line.plan,
        tax_code=line.tax_code, period_starts_at=line.period_starts_at, period_ends_at=line.period_ends_at, sold=sold,
        parts=story.parts, limited_by=story.limited_by, calculation=story.calculation, sentence=story.sentence,
    )  # fmt: skip


def _discounts(worked_out: Composition) -> tuple[DiscountStory, ...]:
    given = zip(worked_out.coupons, worked_out.totals.discounts_minor, strict=True)
    return discount_stories(
        worked_out.totals.subtotal_minor,
        [(coupon.description, minor, bool(coupon.plans or coupon.prices)) for coupon, minor in given],
    )


def _tax(total: TaxTotal, worked_out: Composition) -> TaxStory:
    known = worked_out.taxes[total.code]
    return TaxStory(
        code=known.code, name=known.name, country=known.country, percentage=known.percentage,
        base_minor=total.base_minor, tax_minor=total.tax_minor, is_reverse_charge=known.is_reverse_charge,
    )  # fmt: skip
