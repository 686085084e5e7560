"""Redeeming coupons: who may, what they take off which invoices, and how they are given back."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts import internal as accounts
from billing import internal, services
from billing.internal import _coupons
from billing.models import (
    Coupon,
    CouponArchived,
    CouponCurrencyMismatch,
    CouponExpired,
    CouponNotForPlan,
    CouponRedemption,
    Invoice,
)
from billing.tests.coupons import make_coupon, redeem
from billing.tests.factories import AT, issue, make_customer_id
from core import errors, tenancy
from core.actor import SYSTEM
from core.tenancy import Scope

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=30)


def held(reference: str = "sub_test", currency: str = "USD", at: Any = AT) -> list[str]:
    return [one.code for one in _coupons.held_for(reference, currency=currency, at=at)]


def test_a_redeemed_coupon_is_held_for_its_agreement(facts: Callable[[], list[str]]) -> None:
    coupon = make_coupon(code="launch", name="Launch", percent=Decimal("12.50"))
    row = redeem(coupon)
    assert Coupon.objects.get().redeemed == 1
    (one,) = _coupons.held_for("sub_test", currency="USD", at=AT)
    assert (one.redemption_id, one.code) == (row.id, "LAUNCH")
    assert one.description == "Launch (LAUNCH, 12.5\N{NO-BREAK SPACE}%)"
    assert held("sub_other") == []
    assert facts()[-1] == "coupon.redeemed"


def test_a_code_is_typed_in_any_case() -> None:
    make_coupon(code="Launch")
    holder = make_customer_id()
    assert [one.code for one in _coupons.preview([" lAunch "], customer_id=holder, currency="USD", at=AT)] == ["LAUNCH"]


def test_coupons_are_held_in_the_order_in_which_they_were_given() -> None:
    codes = [make_coupon(code=code).code for code in ("AA", "ZZ", "MM")]
    holder = make_customer_id()
    accounts.lock_customer(holder)
    internal.redeem_coupons(
        ["ZZ", "AA", "MM"], customer_id=holder, reference="sub_test", currency="USD", plan=None, actor=SYSTEM, now=AT
    )
    assert held() == ["ZZ", "AA", "MM"] != codes


def test_if_one_of_several_is_refused_none_is_redeemed() -> None:
    make_coupon(code="GOOD")
    holder = make_customer_id()
    with pytest.raises(internal.CouponUnknown):
        internal.redeem_coupons(
            ["GOOD", "BAD"], customer_id=holder, reference="sub_test", currency="USD", plan=None, actor=SYSTEM, now=AT
        )
    assert (held(), Coupon.objects.get().redeemed) == ([], 0)


@pytest.mark.parametrize(
    ("known", "asked", "refusal"),
    [
        ({"redeem_by": LATER}, {"now": LATER}, CouponExpired),
        ({"applies_until": LATER}, {"now": LATER}, CouponExpired),
        ({"amount_minor": 500, "currency": "EUR"}, {}, CouponCurrencyMismatch),
        ({"max_redemptions": 1}, {}, internal.CouponExhausted),
        ({"max_per_customer": 1}, {}, internal.CouponCustomerLimit),
    ],
)
def test_a_coupon_is_refused(known: dict[str, Any], asked: dict[str, Any], refusal: type[errors.Refusal]) -> None:
    coupon = make_coupon(**known)
    holder = make_customer_id()
    if "max_redemptions" in known or "max_per_customer" in known:
        redeem(coupon, customer_id=holder, reference="sub_first")
    before = (Coupon.objects.get().redeemed, CouponRedemption.objects.count())
    with pytest.raises(refusal):
        redeem(coupon, customer_id=holder, **asked)
    with pytest.raises(refusal):
        _coupons.preview([coupon.code], customer_id=holder, currency="USD", at=asked.get("now", AT))
    assert (Coupon.objects.get().redeemed, CouponRedemption.objects.count()) == before


def test_a_coupon_can_be_redeemed_until_the_instant_before_its_end() -> None:
    coupon = make_coupon(redeem_by=LATER)
    redeem(coupon, now=LATER - timedelta(microseconds=1))
    assert Coupon.objects.get().redeemed == 1


def test_an_archived_coupon_stays_with_its_holders() -> None:
    coupon = make_coupon()
    redeem(coupon)
    services.archive_coupon(coupon_id=coupon.pk, actor=SYSTEM, now=AT)
    with pytest.raises(CouponArchived):
        redeem(coupon, reference="sub_late")
    assert (held(), held("sub_late")) == ([coupon.code], [])


def test_an_unknown_code_is_refused(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        elsewhere = make_coupon(code="ELSEWHERE")
    with pytest.raises(internal.CouponUnknown):
        redeem(elsewhere)
    assert CouponRedemption.objects.count() == 0


def test_a_coupon_is_redeemed_once_for_one_agreement() -> None:
    coupon, holder = make_coupon(), make_customer_id()
    redeem(coupon, customer_id=holder)
    with pytest.raises(internal.CouponAlreadyRedeemed):
        redeem(coupon, customer_id=holder)
    with pytest.raises(internal.CouponAlreadyRedeemed):
        _coupons.preview([coupon.code, coupon.code.lower()], customer_id=holder, currency="USD", at=AT)
    assert Coupon.objects.get().redeemed == 1


def test_a_coupon_for_plans_is_refused_for_another() -> None:
    coupon = make_coupon()
    Coupon.objects.filter(pk=coupon.pk).update(plans=["pln_mine"])
    with pytest.raises(CouponNotForPlan):
        redeem(coupon, plan="pln_other")
    assert redeem(coupon, plan="pln_mine").reference == "sub_test"


def test_a_coupon_for_prices_may_be_for_one_of_any_plan() -> None:
    coupon = make_coupon()
    Coupon.objects.filter(pk=coupon.pk).update(plans=["pln_mine"], prices=["prc_any"])
    assert redeem(coupon, plan="pln_other").reference == "sub_test"


def test_an_amount_in_another_currency_is_left_out() -> None:
    redeem(make_coupon(amount_minor=500, currency="USD"))
    assert (len(held()), held(currency="EUR")) == (1, [])


def test_a_coupon_ends_at_its_instant() -> None:
    coupon = make_coupon(duration="forever", applies_until=LATER)
    redeem(coupon)
    assert held(at=LATER - timedelta(microseconds=1)) == [coupon.code]
    assert held(at=LATER) == []


@pytest.mark.parametrize(
    ("terms", "discounts"),
    [
        ({"duration": "once"}, [100, 0, 0]),
        ({"duration": "repeating", "cycles": 2}, [100, 100, 0]),
        ({"duration": "forever"}, [100, 100, 100]),
    ],
)
def test_a_coupon_counts_for_so_many_invoices(terms: dict[str, Any], discounts: list[int]) -> None:
    holder = make_customer_id()
    row = redeem(make_coupon(**terms), customer_id=holder)
    for discount in discounts:
        found = Invoice.objects.get(pk=issue(1000, customer_id=holder).id)
        assert (found.discount_minor, found.total_minor) == (discount, 1000 - discount)
    row.refresh_from_db()
    assert row.cycles_used == len([one for one in discounts if one])


def test_an_invoice_that_it_takes_nothing_off_does_not_count() -> None:
    coupon, holder = make_coupon(), make_customer_id()
    Coupon.objects.filter(pk=coupon.pk).update(prices=["prc_other"])
    row = redeem(coupon, customer_id=holder)
    issue(1000, customer_id=holder)
    row.refresh_from_db()
    assert (row.cycles_used, held()) == (0, [coupon.code])


def test_a_void_invoice_gives_its_cycle_back() -> None:
    coupon, holder = make_coupon(), make_customer_id()
    row = redeem(coupon, customer_id=holder)
    invoice = issue(1000, customer_id=holder)
    assert held() == []
    services.void_invoice(invoice_id=invoice.id, reason="Mistake", actor=SYSTEM, now=AT)
    row.refresh_from_db()
    assert (row.cycles_used, row.released_at, held()) == (0, None, [coupon.code])


def test_an_agreement_that_ends_unpaid_consumes_no_coupon(facts: Callable[[], list[str]]) -> None:
    coupon, holder = make_coupon(max_redemptions=1, max_per_customer=1), make_customer_id()
    redeem(coupon, customer_id=holder)
    invoice = issue(1000, customer_id=holder)
    services.void_invoice(invoice_id=invoice.id, reason="Unpaid", actor=SYSTEM, now=AT)
    internal.release_coupons("sub_test", actor=SYSTEM, now=LATER)
    internal.release_coupons("sub_test", actor=SYSTEM, now=LATER)
    assert (Coupon.objects.get().redeemed, held()) == (0, [])
    assert facts().count("coupon.released") == 1
    redeem(coupon, customer_id=holder, reference="sub_second")
    assert held("sub_second") == [coupon.code]


def test_a_coupon_that_an_invoice_counts_with_is_not_released(facts: Callable[[], list[str]]) -> None:
    coupon, holder = make_coupon(duration="forever"), make_customer_id()
    redeem(coupon, customer_id=holder)
    issue(1000, customer_id=holder)
    internal.release_coupons("sub_test", actor=SYSTEM, now=LATER)
    assert (Coupon.objects.get().redeemed, held()) == (1, [coupon.code])
    assert "coupon.released" not in facts()


def test_a_cycle_that_is_gone_is_not_counted_again() -> None:
    holder = make_customer_id()
    row = redeem(make_coupon(), customer_id=holder)
    invoice = issue(1000, customer_id=holder)
    with pytest.raises(internal.CouponSpent):
        _coupons.count_cycles(invoice.id)
    row.refresh_from_db()
    assert row.cycles_used == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE billing_coupon SET percent = 90",
        "UPDATE billing_coupon SET duration = 'forever'",
        "UPDATE billing_coupon SET applies_until = now()",
        "UPDATE billing_coupon SET prices = '{prc_any}'",
        "UPDATE billing_coupon SET max_redemptions = 0",
        "UPDATE billing_couponredemption SET reference = 'sub_other'",
        "DELETE FROM billing_couponredemption",
    ],
)
def test_the_database_keeps_what_was_promised(sql: str, owner_sql: Callable[..., Any]) -> None:
    redeem(make_coupon())
    with pytest.raises(DatabaseError), transaction.atomic():
        owner_sql(sql)
    assert (held(), Coupon.objects.get().percent) == ([Coupon.objects.get().code], Decimal(10))


def test_the_database_keeps_a_released_redemption(owner_sql: Callable[..., Any]) -> None:
    redeem(make_coupon())
    internal.release_coupons("sub_test", actor=SYSTEM, now=AT)
    with pytest.raises(DatabaseError), transaction.atomic():
        owner_sql("UPDATE billing_couponredemption SET released_at = NULL")
    assert held() == []


def test_what_is_not_promised_may_change_by_hand(owner_sql: Callable[..., Any]) -> None:
    redeem(make_coupon())
    owner_sql("UPDATE billing_coupon SET name = 'Other', redeem_by = now()")
    assert Coupon.objects.get().name == "Other"
