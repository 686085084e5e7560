"""Coupons, tax rates and the billing settings on the console."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from billing.admin._coupons import redemptions_per_coupon
from billing.models import BillingSettings, Coupon, TaxRate
from billing.services import change_billing_settings
from billing.tests.coupons import make_coupon, make_tax_rate, redeem
from billing.tests.factories import AT
from core import clock
from core.actor import SYSTEM
from outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("text", ["4242 4242 4242 4242", "Bearer abcdefghijklmnopqrstuvwxyz012345"])
def test_a_coupon_keeps_no_card_number_and_no_credential(operator: Client, text: str) -> None:
    coupon = make_coupon(name="Welcome")
    shown = edit(operator, f"coupon/{coupon.pk}/change/", **COUPON | {"name": text})
    assert "never stored" in shown.content.decode()
    coupon.refresh_from_db()
    assert (coupon.name, OutboxEvent.objects.filter(type="coupon.updated").exists()) == ("Welcome", False)


@pytest.fixture
def looker() -> Client:
    user: Any = get_user_model().objects.create(email="looker@example.com", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, path: str) -> str:
    response = client.get(f"/admin/billing/{path}")
    assert response.status_code == 200
    return str(response.content.decode())


def press(client: Client, path: str) -> int:
    return client.post(f"/admin/billing/{path}", {"reason": "because"}).status_code


def edit(client: Client, path: str, **fields: Any) -> Any:
    return client.post(f"/admin/billing/{path}", fields)


COUPON = {"name": "Hello", "percent": "25", "duration": "repeating", "cycles": "3"}


def test_a_coupon_is_edited_until_somebody_redeems_it(operator: Client) -> None:
    coupon = make_coupon()
    path = f"coupon/{coupon.pk}/change/"
    assert 'name="_save"' in page(operator, path)
    assert edit(operator, path, **COUPON).status_code == 302
    coupon.refresh_from_db()
    assert (coupon.name, coupon.percent, coupon.duration, coupon.cycles) == ("Hello", Decimal(25), "repeating", 3)
    assert OutboxEvent.objects.filter(type="coupon.updated").count() == 1
    redeem(coupon)
    assert 'name="_save"' not in page(operator, path)
    assert edit(operator, path, **COUPON | {"percent": "90"}).status_code == 403
    assert Coupon.objects.get().percent == Decimal(25)


@pytest.mark.parametrize(
    "change", [{"percent": "0"}, {"percent": "101"}, {"cycles": ""}, {"amount_minor": "5"}, {"currency": "USD"}]
)
def test_a_coupon_that_makes_no_sense_is_refused_beside_the_field(operator: Client, change: dict[str, str]) -> None:
    coupon = make_coupon()
    answer = edit(operator, f"coupon/{coupon.pk}/change/", **COUPON | change)
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert Coupon.objects.get().percent == Decimal(10)


def test_a_coupon_becomes_an_amount(operator: Client) -> None:
    coupon = make_coupon()
    fields = {"name": "Five", "percent": "", "amount_minor": "500", "currency": "USD", "duration": "once"}
    assert edit(operator, f"coupon/{coupon.pk}/change/", **fields).status_code == 302
    coupon.refresh_from_db()
    assert (coupon.percent, coupon.amount_minor, coupon.currency) == (None, 500, "USD")


def test_coupons_and_rates_are_archived_with_buttons(operator: Client) -> None:
    coupon, rate = make_coupon(), make_tax_rate()
    assert press(operator, f"coupon/{coupon.pk}/archive_coupon/") == 302
    assert press(operator, f"taxrate/{rate.pk}/archive_tax_rate/") == 302
    assert (Coupon.objects.get().archived_at is None, TaxRate.objects.get().archived_at is None) == (False, False)


def test_coupons_are_found_by_code_and_redemptions_by_their_coupon(operator: Client) -> None:
    coupon = make_coupon(code="LAUNCH")
    redeem(coupon, reference="sub_mine")
    make_coupon(code="OTHER")
    found = page(operator, "coupon/?q=laun")
    assert "LAUNCH" in found
    assert "OTHER" not in found
    assert "sub_mine" in page(operator, "couponredemption/?q=laun")
    assert "sub_mine" in page(operator, f"couponredemption/?coupon__id__exact={coupon.pk}")


def test_settings_are_edited_by_form(operator: Client) -> None:
    change_billing_settings(changes={"company_name": "Acme", "locale": "de"}, actor=SYSTEM, now=AT)
    row = BillingSettings.objects.get()
    fields = {
        "company_name": "Acme Inc", "address": '{"city": "Berlin"}', "country": "DE", "locale": "de",
        "tax_ids": '[{"type": "eu_vat", "value": "DE 136695976"}]', "tax_behavior": "inclusive", "terms_days": "14",
        "grace_hours": "0",
    }  # fmt: skip
    assert edit(operator, f"billingsettings/{row.pk}/change/", **fields).status_code == 302
    row.refresh_from_db()
    assert (row.company_name, row.tax_behavior, row.terms_days) == ("Acme Inc", "inclusive", 14)
    assert row.tax_ids == [{"type": "eu_vat", "value": "DE136695976"}]
    assert OutboxEvent.objects.filter(type="billing.settings_changed").count() == 2
    wrong = edit(operator, f"billingsettings/{row.pk}/change/", **fields | {"locale": "xx", "tax_ids": '["x"]'})
    assert wrong.status_code == 200
    assert BillingSettings.objects.get().locale == "de"


def test_who_may_only_look_changes_nothing(looker: Client) -> None:
    change_billing_settings(changes={"company_name": "Acme"}, actor=SYSTEM, now=AT)
    row, coupon = BillingSettings.objects.get(), make_coupon()
    for path in (f"billingsettings/{row.pk}/change/", f"coupon/{coupon.pk}/change/"):
        assert 'name="_save"' not in page(looker, path)
        assert edit(looker, path, **COUPON).status_code == 403
    assert press(looker, f"coupon/{coupon.pk}/archive_coupon/") == 403
    assert (Coupon.objects.get().archived_at, Coupon.objects.get().name) == (None, "Welcome")


def test_the_chart_shows_the_coupons_that_most_hold() -> None:
    (empty,) = redemptions_per_coupon()
    assert not empty.bars
    coupon = make_coupon(code="LAUNCH", redeem_by=clock.now() + timedelta(days=30))
    redeem(coupon)
    (chart,) = redemptions_per_coupon()
    assert [(bar.label, bar.value) for bar in chart.bars] == [("LAUNCH", 1)]
