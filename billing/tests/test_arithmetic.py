"""The arithmetic of invoices."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from billing.arithmetic import Coupon, Line, Tax, TaxBehavior, Totals, compute_invoice
from core.conformance import Case
from tests.conformance import cases, check

RATES = {"vat": Decimal("0.2"), "low": Decimal("0.055"), "odd": Decimal("0.08875"), "zero": Decimal(0)}
TAXES = st.lists(st.sampled_from(sorted(RATES)), unique=True, max_size=3).map(
    lambda codes: tuple(Tax(code=code, rate=RATES[code]) for code in codes)
)


def _lines(amounts: st.SearchStrategy[int]) -> st.SearchStrategy[list[Line]]:
    rows = st.lists(st.tuples(amounts, TAXES), min_size=1, max_size=6)
    return rows.map(lambda found: [Line(id=str(n), amount_minor=a, taxes=t) for n, (a, t) in enumerate(found)])


SCOPES = st.one_of(st.none(), st.frozensets(st.sampled_from("012345"), min_size=1))
COUPONS = st.lists(
    st.one_of(
        st.builds(Coupon, percent=st.decimals(0, 100, places=2), lines=SCOPES),
        st.builds(Coupon, amount_minor=st.integers(0, 10**6), lines=SCOPES),
    ),
    max_size=4,
)
CHARGES, ANY = _lines(st.integers(0, 10**7)), _lines(st.integers(-(10**7), 10**7))
BALANCES = st.integers(0, 10**7)
BEHAVIORS = st.sampled_from(TaxBehavior)


@pytest.mark.parametrize("case", cases("invoice"))
def test_an_invoice(case: Case) -> None:
    check("invoice", case)


def _adds_up(found: Totals, inclusive: bool) -> None:
    assert sum(line.amount_minor for line in found.lines) == found.subtotal_minor
    assert sum(line.discount_minor for line in found.lines) == found.discount_minor == sum(found.discounts_minor)
    assert sum(line.tax_minor for line in found.lines) == found.tax_minor == sum(tax.tax_minor for tax in found.taxes)
    assert sum(line.gross_minor for line in found.lines) == found.total_minor
    on_top = 0 if inclusive else found.tax_minor
    assert found.total_minor == found.subtotal_minor - found.discount_minor + on_top
    for tax in found.taxes:
        assert sum(part for _, part in tax.lines) == tax.tax_minor


@generated(lines=CHARGES, coupons=COUPONS, behavior=BEHAVIORS, credit=BALANCES, wallet=BALANCES)
def test_what_is_shown_adds_up(
    lines: list[Line], coupons: list[Coupon], behavior: TaxBehavior, credit: int, wallet: int
) -> None:
    found = compute_invoice(
        lines, coupons=coupons, tax_behavior=behavior, credit_balance_minor=credit, wallet_minor=wallet
    )
    _adds_up(found, behavior is TaxBehavior.INCLUSIVE)
    assert all(0 <= line.discount_minor <= line.amount_minor and line.tax_minor >= 0 for line in found.lines)
    assert found.due_minor == found.total_minor - found.credit_applied_minor - found.wallet_applied_minor >= 0
    assert found.credit_applied_minor <= credit
    assert found.wallet_applied_minor <= wallet
    assert found.wallet_applied_minor == 0 or found.credit_applied_minor == credit


@generated(lines=ANY, coupons=COUPONS, behavior=BEHAVIORS)
def test_credits_and_charges_on_one_invoice_add_up(
    lines: list[Line], coupons: list[Coupon], behavior: TaxBehavior
) -> None:
    found = compute_invoice(lines, coupons=coupons, tax_behavior=behavior, wallet_minor=50)
    _adds_up(found, behavior is TaxBehavior.INCLUSIVE)
    assert all(line.discount_minor == 0 for line in found.lines if line.amount_minor < 0)
    assert found.due_minor == max(found.total_minor, 0) - found.wallet_applied_minor >= 0


@generated(lines=ANY)
def test_a_reversed_invoice_has_reversed_amounts(lines: list[Line]) -> None:
    reverse = [Line(id=line.id, amount_minor=-line.amount_minor, taxes=line.taxes) for line in lines]
    assert compute_invoice(reverse).total_minor == -compute_invoice(lines).total_minor


@generated(lines=CHARGES)
def test_no_line_is_more_than_a_unit_away_from_its_own_tax(lines: list[Line]) -> None:
    for tax in compute_invoice(lines).taxes:
        amounts = {line.id: line.amount_minor for line in lines}
        for line_id, part in tax.lines:
            assert abs(part - amounts[line_id] * tax.rate) < 2


def test_line_coupons_apply_to_what_is_left_of_the_line() -> None:
    coupons = [Coupon(percent=Decimal(60), lines=frozenset({"a"}))] * 2
    found = compute_invoice([Line(id="a", amount_minor=10_000)], coupons=coupons)
    assert (found.discount_minor, found.discounts_minor) == (8400, (6000, 2400))


def test_a_coupon_for_a_line_that_is_not_there_gives_nothing() -> None:
    coupon = Coupon(amount_minor=500, lines=frozenset({"z"}))
    assert compute_invoice([Line(id="a", amount_minor=10_000)], coupons=[coupon]).discount_minor == 0


def test_a_credit_line_is_not_discounted_again() -> None:
    lines = [Line(id="old", amount_minor=-500), Line(id="new", amount_minor=1000)]
    assert compute_invoice(lines, coupons=[Coupon(percent=Decimal(10))]).total_minor == 400


def test_a_negative_total_leaves_the_balances_alone() -> None:
    found = compute_invoice([Line(id="a", amount_minor=-500)], credit_balance_minor=100, wallet_minor=100)
    assert (found.total_minor, found.due_minor, found.credit_applied_minor, found.wallet_applied_minor) == (
        -500,
        0,
        0,
        0,
    )


def test_an_invoice_without_lines_is_nothing() -> None:
    assert compute_invoice([], coupons=[Coupon(amount_minor=5)]).total_minor == 0


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"percent": Decimal(1), "amount_minor": 1},
        {"percent": Decimal(-5)},
        {"percent": Decimal(101)},
        {"amount_minor": -1},
    ],
)
def test_a_coupon_is_a_share_or_an_amount(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="coupon"):
        Coupon(**members)


def test_contradictions_are_refused() -> None:
    line = Line(id="a", amount_minor=1)
    with pytest.raises(ValueError, match="distinct"):
        compute_invoice([line, line])
    with pytest.raises(ValueError, match="negative"):
        compute_invoice([line], wallet_minor=-1)
    for rates in ((Decimal("0.1"), Decimal("0.2")), (Decimal("-0.1"),)):
        lines = [Line(id=str(n), amount_minor=1, taxes=(Tax(code="v", rate=rate),)) for n, rate in enumerate(rates)]
        with pytest.raises(ValueError, match="tax code"):
            compute_invoice(lines)
