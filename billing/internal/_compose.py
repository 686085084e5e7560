"""What an invoice comes to, before anything is stored: the same for a quote, a draft and the real thing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from billing import arithmetic
from billing.arithmetic import TaxBehavior, Totals
from billing.coupons import HeldCoupon
from billing.lines import NewLine, postponed
from billing.taxation import AppliedTax, TaxRules
from core import errors


class InvoiceEmpty(errors.Invalid):
    code = "invoice_empty"
    title = "An invoice needs at least one line."


class InvoiceNegative(errors.Invalid):
    code = "invoice_negative"
    title = "The credits of an invoice cannot exceed its charges."


@dataclass(frozen=True, kw_only=True)
class BillingTerms:
    """What else decides about an invoice: taxes, coupons in their order, and the stored value that is there to use.

    `carries` tells whether credits that the charges cannot bear may wait for a later invoice.
    """

    currency: str
    tax_behavior: TaxBehavior = TaxBehavior.EXCLUSIVE
    taxes: TaxRules = field(default_factory=TaxRules)
    coupons: tuple[HeldCoupon, ...] = ()
    credit_minor: int = 0
    wallet_minor: int = 0
    carries: bool = False


@dataclass(frozen=True, kw_only=True)
class Composition:
    """An invoice worked out: its lines with what is shown of each, its totals, and the credits that have to wait."""

    lines: tuple[NewLine, ...]
    waiting: tuple[NewLine, ...]
    totals: Totals
    coupons: tuple[HeldCoupon, ...]
    taxes: dict[str, AppliedTax]


def compose(lines: Sequence[NewLine], terms: BillingTerms) -> Composition:
    """This function will work out an invoice.

    :raises InvoiceEmpty: without lines.
    :raises InvoiceNegative: if the credits exceed the charges and cannot wait.
    """
    borne, waiting = list(lines), list[NewLine]()
    totals = _totals(borne, terms)
    missing = totals.discount_minor - totals.subtotal_minor
    if missing > 0 and terms.carries:
        # Credits are not discounted, so the discount stays what it is without them.
        borne, waiting = postponed(borne, missing)
        totals = _totals(borne, terms)
    if min(totals.subtotal_minor, totals.tax_minor, totals.total_minor) < 0:
        raise InvoiceNegative(total_minor=totals.total_minor, currency=terms.currency)
    return Composition(
        lines=tuple(borne), waiting=tuple(waiting), totals=totals, coupons=terms.coupons, taxes=_taxes(borne, terms)
    )


def _totals(lines: Sequence[NewLine], terms: BillingTerms) -> Totals:
    if not lines:
        raise InvoiceEmpty
    ids = [str(position) for position in range(1, len(lines) + 1)]
    return arithmetic.compute_invoice(
        [_line(line_id, line, terms.taxes) for line_id, line in zip(ids, lines, strict=True)],
        coupons=[coupon.as_arithmetic(lines, ids) for coupon in terms.coupons],
        tax_behavior=terms.tax_behavior,
        credit_balance_minor=terms.credit_minor,
        wallet_minor=terms.wallet_minor,
    )


def _line(line_id: str, line: NewLine, rules: TaxRules) -> arithmetic.Line:
    # A percentage of 8.25 is a rate of 0.0825; moving the point loses nothing.
    taxes = [arithmetic.Tax(code=tax.code, rate=tax.percentage.scaleb(-2)) for tax in rules.for_line(line.tax_code)]
    return arithmetic.Line(id=line_id, amount_minor=line.amount_minor, taxes=tuple(taxes))


def _taxes(lines: Sequence[NewLine], terms: BillingTerms) -> dict[str, AppliedTax]:
    return {tax.code: tax for line in lines for tax in terms.taxes.for_line(line.tax_code)}
