"""What coupons may promise, and which lines they reduce."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from billing import arithmetic, coupons
from billing.coupons import CouponInvalid, HeldCoupon, Terms
from billing.tests.factories import AT, line
from core.money import UnknownCurrency


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({}, "percent"),
        ({"percent": Decimal(10), "amount_minor": 5, "currency": "USD"}, "percent"),
        ({"percent": Decimal(0)}, "percent"),
        ({"percent": Decimal(-5)}, "percent"),
        ({"percent": Decimal(101)}, "percent"),
        ({"percent": Decimal("NaN")}, "percent"),
        ({"percent": Decimal("0.0000001")}, "percent"),
        ({"percent": Decimal(10), "currency": "USD"}, "currency"),
        ({"amount_minor": 0, "currency": "USD"}, "amount_minor"),
        ({"amount_minor": -1, "currency": "USD"}, "amount_minor"),
        ({"amount_minor": 5}, "currency"),
        ({"percent": Decimal(10), "cycles": 3}, "cycles"),
        ({"percent": Decimal(10), "duration": "repeating"}, "cycles"),
        ({"percent": Decimal(10), "duration": "repeating", "cycles": 0}, "cycles"),
        ({"percent": Decimal(10), "duration": "forever", "cycles": 3}, "cycles"),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, Any], field: str) -> None:
    with pytest.raises(CouponInvalid) as caught:
        Terms(**terms).check()
    assert caught.value.members["field"] == field


def test_an_amount_is_in_a_currency_that_there_is() -> None:
    with pytest.raises(UnknownCurrency):
        Terms(amount_minor=5, currency="ABC").check()


@pytest.mark.parametrize("field", ["applies_until", "redeem_by"])
def test_an_end_that_has_come_is_refused(field: str) -> None:
    limits: dict[str, Any] = dict.fromkeys(("applies_until", "redeem_by", "max_redemptions", "max_per_customer"))
    coupons.check_limits(**limits, now=AT)
    with pytest.raises(CouponInvalid) as caught:
        coupons.check_limits(**limits | {field: AT}, now=AT)
    assert caught.value.members["field"] == field


def held(**known: Any) -> HeldCoupon:
    fields: dict[str, Any] = {
        "redemption_id": None, "coupon_id": UUID(int=1), "code": "A", "description": "A", "percent": Decimal(25),
        "amount_minor": None,
    }  # fmt: skip
    return HeldCoupon(**fields | known)


LINES = [line(8000, plan="pln_a", price="prc_1"), line(2000, plan="pln_b", price="prc_2"), line(500)]


@pytest.mark.parametrize(
    ("scopes", "chosen"),
    [
        ({}, None),
        ({"plans": {"pln_a"}}, {"x"}),
        ({"prices": {"prc_2"}}, {"y"}),
        ({"plans": {"pln_a"}, "prices": {"prc_2"}}, {"x", "y"}),
        ({"plans": {"pln_none"}}, set()),
    ],
)
def test_a_coupon_reduces_the_lines_of_its_scopes(scopes: dict[str, Any], chosen: set[str] | None) -> None:
    shaped = held(**{name: frozenset(ids) for name, ids in scopes.items()}).as_arithmetic(LINES, ["x", "y", "z"])
    assert shaped.lines == (None if chosen is None else frozenset(chosen))
    assert (shaped.percent, shaped.amount_minor) == (Decimal(25), None)


def test_coupons_for_lines_come_before_coupons_for_the_invoice() -> None:
    ids = ["x", "y"]
    lines = [arithmetic.Line(id=one, amount_minor=amount) for one, amount in zip(ids, (8000, 2000), strict=True)]
    given = [held(percent=None, amount_minor=1000), held(plans=frozenset({"pln_a"}))]
    totals = arithmetic.compute_invoice(lines, coupons=[one.as_arithmetic(LINES[:2], ids) for one in given])
    assert (totals.discounts_minor, totals.total_minor) == ((1000, 2000), 7000)


@pytest.mark.parametrize(
    ("percent", "digits"), [("10", "10"), ("12.500000", "12.5"), ("0.000001", "0.000001"), ("100", "100")]
)
def test_a_discount_is_called_by_its_percent(percent: str, digits: str) -> None:
    shown = f"Launch (A, {digits}\N{NO-BREAK SPACE}%)"
    assert coupons.describe(code="A", name="Launch", percent=Decimal(percent)) == shown


def test_an_amount_needs_no_words() -> None:
    assert coupons.describe(code="A", name="Launch", percent=None) == "Launch (A)"
