"""The arithmetic of one invoice, in minor units of its one currency.

Line amounts, line coupons, invoice coupons one after the other on what is left, taxable base, taxes on the same base,
total, credit balance, wallet, amount due. What is shown per line is spread by largest remainder, so that lines add up
to totals.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from core.money import allocate, round_half_up, spread


class TaxBehavior(StrEnum):
    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"


@dataclass(frozen=True, kw_only=True)
class Tax:
    """A tax rate as a fraction (0.0825 is 8.25 %). Lines with the same `code` are rounded together."""

    code: str
    rate: Decimal


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line before coupons and taxes. `amount_minor` is gross when prices are inclusive, and negative for a credit."""

    id: str
    amount_minor: int
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Coupon:
    """Either `percent` (of 100) or `amount_minor`; for the `lines` with these ids, or the whole invoice when None."""

    percent: Decimal | None = None
    amount_minor: int | None = None
    lines: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """This function will refuse a coupon that is neither or both, or gives a negative discount or more than all."""
        given = [value for value in (self.percent, self.amount_minor) if value is not None]
        if len(given) != 1 or not given[0] >= 0 or (self.percent is not None and self.percent > 100):
            raise ValueError("a coupon has a percent from 0 to 100, or an amount")


@dataclass(frozen=True, kw_only=True)
class LineTotals:
    """What is shown of a line. `net_minor` is without tax, `gross_minor` with it, both after the discount."""

    id: str
    amount_minor: int
    discount_minor: int
    tax_minor: int
    net_minor: int

    @property
    def gross_minor(self) -> int:
        """This function will answer the line's part of the total."""
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, kw_only=True)
class TaxTotal:
    """One rate on the document: rounded once, on the summed base of its lines, and its part of each line by id."""

    code: str
    rate: Decimal
    base_minor: int
    tax_minor: int
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The invoice. `discounts_minor` has what each coupon gave, in the order of the coupons."""

    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    credit_applied_minor: int
    wallet_applied_minor: int
    due_minor: int
    discounts_minor: tuple[int, ...]
    taxes: tuple[TaxTotal, ...]
    lines: tuple[LineTotals, ...]


def compute_invoice(
    lines: Sequence[Line],
    *,
    coupons: Sequence[Coupon] = (),
    tax_behavior: TaxBehavior = TaxBehavior.EXCLUSIVE,
    credit_balance_minor: int = 0,
    wallet_minor: int = 0,
) -> Totals:
    """All amounts of an invoice.

    `credit_balance_minor` and `wallet_minor` are what is there to be used. This function will round each coupon and
    each tax once, half away from zero, and never discount a line below zero. Credit lines are not discounted: they give
    back what was paid, after its coupons. The total can be negative when credits exceed charges; the amount due cannot.

    :raises ValueError: two lines have one id, a balance or a rate is negative, or a tax code has two rates.
    """
    if len({line.id for line in lines}) != len(lines) or min(credit_balance_minor, wallet_minor) < 0:
        raise ValueError("lines have distinct ids, balances are not negative")
    left, given = _discounted(lines, coupons)
    inclusive = TaxBehavior(tax_behavior) is TaxBehavior.INCLUSIVE
    taxes = _taxes(lines, left, inclusive)
    shown = _shown(lines, left, taxes, inclusive)
    total = sum(line.gross_minor for line in shown)
    credit = min(credit_balance_minor, max(total, 0))
    wallet = min(wallet_minor, max(total, 0) - credit)
    return Totals(
        subtotal_minor=sum(line.amount_minor for line in lines),
        discount_minor=sum(given),
        tax_minor=sum(tax.tax_minor for tax in taxes),
        total_minor=total,
        credit_applied_minor=credit,
        wallet_applied_minor=wallet,
        due_minor=max(total, 0) - credit - wallet,
        discounts_minor=tuple(given),
        taxes=tuple(taxes),
        lines=tuple(shown),
    )


def _discounted(lines: Sequence[Line], coupons: Sequence[Coupon]) -> tuple[list[int], list[int]]:
    """What is left of each line after all coupons, and what each coupon gave. Line coupons come first."""
    left, given = [line.amount_minor for line in lines], [0] * len(coupons)
    for index in sorted(range(len(coupons)), key=lambda index: coupons[index].lines is None):
        coupon = coupons[index]
        open_minor = [
            max(amount, 0) if coupon.lines is None or line.id in coupon.lines else 0
            for line, amount in zip(lines, left, strict=True)
        ]
        given[index] = _discount(coupon, sum(open_minor))
        shares = allocate(given[index], open_minor)
        left = [amount - share for amount, share in zip(left, shares, strict=True)]
    return left, given


def _discount(coupon: Coupon, open_minor: int) -> int:
    if coupon.percent is not None:
        return round_half_up(open_minor * Fraction(coupon.percent) / 100)
    return min(coupon.amount_minor or 0, open_minor)


def _taxes(lines: Sequence[Line], left: Sequence[int], inclusive: bool) -> list[TaxTotal]:
    rates = {tax.code: tax.rate for line in lines for tax in line.taxes}
    if any(tax.rate != rates[tax.code] or not tax.rate >= 0 for line in lines for tax in line.taxes):
        raise ValueError("a tax code has one rate, and it is not negative")
    return [_tax(code, rate, lines, left, inclusive) for code, rate in rates.items()]


def _tax(code: str, rate: Decimal, lines: Sequence[Line], left: Sequence[int], inclusive: bool) -> TaxTotal:
    taxed = [
        (line, amount) for line, amount in zip(lines, left, strict=True) if any(tax.code == code for tax in line.taxes)
    ]
    exact = [_exact_tax(line.taxes, Fraction(rate), amount, inclusive) for line, amount in taxed]
    tax_minor = round_half_up(sum(exact, Fraction()))
    parts = _spread_tax(tax_minor, exact)
    return TaxTotal(
        code=code,
        rate=rate,
        base_minor=sum(amount for _, amount in taxed),
        tax_minor=tax_minor,
        lines=tuple((line.id, part) for (line, _), part in zip(taxed, parts, strict=True)),
    )


def _exact_tax(taxes: Iterable[Tax], rate: Fraction, amount: int, inclusive: bool) -> Fraction:
    """A rate on a line: on top of the amount, or its part of what is inside the amount."""
    inside = sum((Fraction(tax.rate) for tax in taxes), Fraction()) if inclusive else Fraction()
    return amount * rate / (1 + inside)


def _spread_tax(tax_minor: int, exact: Sequence[Fraction]) -> list[int]:
    if min(exact) >= 0 or max(exact) <= 0:
        return allocate(tax_minor, [abs(share) for share in exact])
    # Charges and credits on one invoice: weights of both signs have no shares, but exact taxes can be rounded to fit.
    if tax_minor < 0:
        return [-part for part in spread(-tax_minor, [-share for share in exact])]
    return spread(tax_minor, exact)


def _shown(lines: Sequence[Line], left: Sequence[int], taxes: Sequence[TaxTotal], inclusive: bool) -> list[LineTotals]:
    by_line: dict[str, int] = {}
    for tax in taxes:
        for line_id, part in tax.lines:
            by_line[line_id] = by_line.get(line_id, 0) + part
    return [
        LineTotals(
            id=line.id,
            amount_minor=line.amount_minor,
            discount_minor=line.amount_minor - amount,
            tax_minor=by_line.get(line.id, 0),
            net_minor=amount - by_line.get(line.id, 0) if inclusive else amount,
        )
        for line, amount in zip(lines, left, strict=True)
    ]
