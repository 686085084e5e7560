"""Coupons that are taken off what they were redeemed for: what stays, and what nobody can undo."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.internal import lock_customer
from billing import internal, services
from billing.internal import _coupons
from billing.models import Coupon, CouponRedemption, Invoice
from billing.tests.coupons import make_coupon, redeem
from billing.tests.factories import AT, issue, line, make_customer_id
from core import errors, invariants, tenancy
from core.actor import SYSTEM
from core.tenancy import Scope

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=30)
RULES = [one.code for one in invariants.rules() if one.code.startswith("billing.")]


def remove(*codes: str, now: Any = LATER) -> tuple[str, ...]:
    """Take coupons off what the tests' redemptions are for."""
    return internal.remove_coupons(internal.removable_coupons(codes, reference="sub_test"), actor=SYSTEM, now=now)


def held() -> list[str]:
    return [one.code for one in _coupons.held_for("sub_test", currency="USD", at=LATER)]


def totals() -> list[int]:
    return list(Invoice.objects.order_by("id").values_list("total_minor", flat=True))


def test_what_it_has_reduced_stays_and_nothing_follows(facts: Callable[[], list[str]]) -> None:
    coupon, holder = make_coupon(duration="forever"), make_customer_id()
    row = redeem(coupon, customer_id=holder)
    issue(1000, customer_id=holder)
    assert remove(coupon.code.lower()) == (coupon.code,)
    issue(1000, customer_id=holder, now=LATER)
    row.refresh_from_db()
    assert (totals(), row.cycles_used, row.removed_at, row.released_at) == ([900, 1000], 1, LATER, None)
    assert (held(), Coupon.objects.get().redeemed) == ([], 1)
    assert facts().count("coupon.removed") == 1
    assert {code: invariants.broken(code) for code in RULES} == {code: [] for code in RULES}


def test_one_that_has_reduced_nothing_is_given_back(facts: Callable[[], list[str]]) -> None:
    coupon, holder = make_coupon(max_redemptions=1, max_per_customer=1), make_customer_id()
    row = redeem(coupon, customer_id=holder)
    assert remove(coupon.code) == (coupon.code,)
    row.refresh_from_db()
    assert (row.released_at, row.removed_at, Coupon.objects.get().redeemed) == (LATER, None, 0)
    assert facts()[-1] == "coupon.released"
    assert redeem(coupon, customer_id=holder, now=LATER).reference == "sub_test"


def test_a_used_one_counts_as_redeemed_and_is_not_had_a_second_time() -> None:
    coupon, holder = make_coupon(max_redemptions=2, max_per_customer=1), make_customer_id()
    redeem(coupon, customer_id=holder)
    issue(1000, customer_id=holder)
    remove(coupon.code)
    for reference, refusal in (("sub_test", internal.CouponAlreadyRedeemed), ("sub_2", internal.CouponCustomerLimit)):
        Coupon.objects.update(max_per_customer=1 if reference == "sub_2" else None)
        with pytest.raises(refusal):
            redeem(coupon, customer_id=holder, reference=reference, now=LATER)
    assert (Coupon.objects.get().redeemed, CouponRedemption.objects.count()) == (1, 1)


def test_what_is_off_already_is_left_so(facts: Callable[[], list[str]]) -> None:
    coupon, holder = make_coupon(), make_customer_id()
    redeem(coupon, customer_id=holder)
    issue(1000, customer_id=holder)
    remove(coupon.code)
    told = facts()
    assert (remove(coupon.code, now=LATER + timedelta(days=1)), facts()) == ((), told)
    assert CouponRedemption.objects.get().removed_at == LATER


def test_what_was_never_redeemed_for_it_is_refused(live_environment: Scope) -> None:
    mine, other = make_coupon(), make_coupon()
    redeem(mine)
    redeem(other, reference="sub_other")
    with tenancy.scope(live_environment):
        elsewhere = make_coupon(code="ELSEWHERE").code
    for code, refusal in (
        (other.code, internal.CouponNotHeld), ("NONE", internal.CouponUnknown), (elsewhere, internal.CouponUnknown),
    ):  # fmt: skip
        with pytest.raises(refusal) as caught:
            remove(mine.code, code)
        assert isinstance(caught.value, errors.Refusal)
        assert caught.value.members == {"coupon": code}
    assert CouponRedemption.objects.held().count() == 2


def test_a_draft_is_finalized_without_it() -> None:
    coupon, holder = make_coupon(duration="forever"), make_customer_id()
    redeem(coupon, customer_id=holder)
    issue(1000, customer_id=holder)
    services.change_billing_settings(changes={"grace_hours": 6}, actor=SYSTEM, now=AT)
    draft = issue(lines=[line(1000, kind="usage")], customer_id=holder)
    assert (draft.state, draft.total_minor) == ("draft", 900)
    remove(coupon.code)
    internal.end_grace(draft.id, actor=SYSTEM, now=LATER)
    assert (totals(), CouponRedemption.objects.get().cycles_used) == ([900, 1000], 1)


def test_what_voids_its_only_invoice_gives_it_back_with_the_agreement() -> None:
    coupon, holder = make_coupon(max_redemptions=1), make_customer_id()
    redeem(coupon, customer_id=holder)
    invoice = issue(1000, customer_id=holder)
    remove(coupon.code)
    services.void_invoice(invoice_id=invoice.id, reason="Unpaid", actor=SYSTEM, now=LATER)
    lock_customer(holder)
    internal.release_coupons("sub_test", actor=SYSTEM, now=LATER)
    assert (Coupon.objects.get().redeemed, held()) == (0, [])
    assert {code: invariants.broken(code) for code in RULES} == {code: [] for code in RULES}


@pytest.mark.parametrize(
    "damage",
    [{"removed_at": None}, {"removed_at": LATER + timedelta(days=1)}, {"cycles_used": 2}],
)
def test_the_database_keeps_its_end(damage: dict[str, Any]) -> None:
    coupon, holder = make_coupon(duration="forever"), make_customer_id()
    redeem(coupon, customer_id=holder)
    issue(1000, customer_id=holder)
    remove(coupon.code)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        CouponRedemption.objects.update(**damage)


def test_it_is_not_taken_off_before_it_was_redeemed() -> None:
    redeem(make_coupon())
    with pytest.raises(DatabaseError, match="removed_afterwards"), transaction.atomic():
        CouponRedemption.objects.update(removed_at=AT - timedelta(seconds=1))
