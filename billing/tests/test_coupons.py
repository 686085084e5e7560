"""Coupons: made, changed and archived."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing import services
from billing.coupons import CouponInvalid
from billing.models import Coupon, CouponArchived
from billing.tests.coupons import make_coupon, redeem
from billing.tests.factories import AT, make_customer_id
from catalog import selectors as catalog
from catalog.tests.factories import make_plan, monthly
from core import errors, problems, tenancy
from core.actor import SYSTEM
from core.money import UnknownCurrency
from core.tenancy import Scope

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=30)


def change(coupon: Coupon, **changes: Any) -> Coupon:
    return services.update_coupon(coupon_id=coupon.pk, changes=changes, actor=SYSTEM, now=AT)


def test_a_coupon_is_made_and_said_to_be(facts: Callable[[], list[str]]) -> None:
    row = make_coupon(code="launch", percent=Decimal("12.5"), duration="repeating", cycles=3, redeem_by=LATER)
    assert (row.code, row.most_cycles, row.redeemed, row.created_at) == ("LAUNCH", 3, 0, AT)
    assert facts() == ["coupon.created"]


@pytest.mark.parametrize(
    "known",
    [
        {"percent": Decimal(101)}, {"percent": Decimal(5), "amount_minor": 5}, {"percent": None},
        {"redeem_by": AT}, {"applies_until": AT - timedelta(days=1)}, {"max_redemptions": 0}, {"max_per_customer": 0},
        {"plans": ["nothing"]}, {"prices": ["prc_00000000000000000000000000"]},
    ],
)  # fmt: skip
def test_a_coupon_that_makes_no_sense_is_not_made(known: dict[str, Any], facts: Callable[[], list[str]]) -> None:
    with pytest.raises(CouponInvalid):
        make_coupon(**known)
    assert (Coupon.objects.count(), facts()) == (0, [])


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        make_coupon(amount_minor=5, currency="ABC")
    assert Coupon.objects.count() == 0


def test_a_code_is_given_once_in_an_environment(live_environment: Scope) -> None:
    make_coupon(code="LAUNCH")
    with pytest.raises(services.CouponCodeTaken):
        make_coupon(code="launch")
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Coupon.objects.create(code="LAUNCH", name="Again", percent=Decimal(1), created_at=AT)
    assert isinstance(problems.as_refusal(caught.value), services.CouponCodeTaken)
    with tenancy.scope(live_environment):
        assert make_coupon(code="LAUNCH").code == "LAUNCH"


def test_scopes_are_kept_by_public_id() -> None:
    plan = make_plan(monthly("20"), code="team")
    price = catalog.get_current_terms(plan.pk).prices[0]
    row = make_coupon(plans=["team", plan.public_id], prices=[price.public_id])
    assert (row.plans, row.prices) == ([plan.public_id], [price.public_id])


def test_terms_change_until_somebody_redeems(facts: Callable[[], list[str]]) -> None:
    coupon = make_coupon()
    changed = change(coupon, percent=None, amount_minor=500, currency="USD", name="Five off")
    assert (changed.percent, changed.amount_minor, changed.name) == (None, 500, "Five off")
    assert change(coupon, name="Five off").name == "Five off"
    assert facts() == ["coupon.created", "coupon.updated"]


def test_a_redeemed_coupon_keeps_its_terms(facts: Callable[[], list[str]]) -> None:
    coupon = make_coupon()
    redeem(coupon)
    before = facts()
    with pytest.raises(services.CouponTermsFixed) as caught:
        change(coupon, percent=Decimal(50), duration="forever", name="More")
    coupon.refresh_from_db()
    assert caught.value.members == {"fields": ["duration", "percent"]}
    assert (coupon.percent, coupon.name, facts()) == (Decimal(10), "Welcome", before)


def test_a_redeemed_coupon_may_have_other_limits() -> None:
    coupon = make_coupon()
    redeem(coupon)
    changed = change(coupon, name="Hello", redeem_by=LATER, max_redemptions=1, max_per_customer=1)
    assert (changed.name, changed.redeem_by, changed.max_redemptions) == ("Hello", LATER, 1)
    assert change(coupon, max_redemptions=None).max_redemptions is None


@pytest.mark.parametrize("limit", ["max_redemptions", "max_per_customer"])
def test_a_limit_is_not_below_what_has_been_redeemed(limit: str) -> None:
    coupon, holder = make_coupon(), make_customer_id()
    for number in range(3):
        redeem(coupon, customer_id=holder, reference=f"sub_{number}")
    with pytest.raises(services.CouponLimitBelowRedeemed):
        change(coupon, **{limit: 2})
    coupon.refresh_from_db()
    assert getattr(coupon, limit) is None
    assert getattr(change(coupon, **{limit: 3}), limit) == 3


@pytest.mark.parametrize(
    "changes", [{"percent": Decimal(0)}, {"redeem_by": AT}, {"cycles": 3}, {"plans": ["nothing"]}, {"currency": "USD"}]
)
def test_a_change_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    coupon = make_coupon()
    with pytest.raises(CouponInvalid):
        change(coupon, **changes)
    assert Coupon.objects.get().percent == Decimal(10)


def test_an_end_that_has_come_does_not_hinder_other_changes() -> None:
    coupon = make_coupon(redeem_by=AT + timedelta(hours=1))
    services.update_coupon(coupon_id=coupon.pk, changes={"name": "Late"}, actor=SYSTEM, now=LATER)
    assert Coupon.objects.get().name == "Late"


def test_an_archived_coupon_is_over(facts: Callable[[], list[str]]) -> None:
    coupon = make_coupon()
    services.archive_coupon(coupon_id=coupon.pk, actor=SYSTEM, now=LATER)
    with pytest.raises(CouponArchived):
        services.archive_coupon(coupon_id=coupon.pk, actor=SYSTEM, now=LATER)
    with pytest.raises(CouponArchived):
        change(coupon, name="Other")
    assert (Coupon.objects.get().archived_at, facts()[-1]) == (LATER, "coupon.archived")


def test_another_environments_coupon_is_not_there(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        coupon = make_coupon()
    with pytest.raises(errors.NotFound):
        change(coupon, name="Mine")
    with pytest.raises(errors.NotFound):
        services.archive_coupon(coupon_id=coupon.pk, actor=SYSTEM, now=AT)
