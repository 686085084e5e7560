"""`/billing-settings`."""

from typing import Any

import pytest

from billing.models import BillingSettings

pytestmark = pytest.mark.django_db
PATH = "/api/v1/billing-settings"


def test_the_defaults_are_shown_before_anybody_changes_anything(api: Any) -> None:
    shown = api.get(PATH).json()
    assert (shown["tax_behavior"], shown["terms_days"], shown["sends_invoices"], shown["tax_ids"]) == (
        "exclusive", 0, False, [],
    )  # fmt: skip
    assert BillingSettings.objects.count() == 0


def test_settings_are_changed_one_by_one(api: Any) -> None:
    first = api.patch(PATH, {"company_name": "Acme", "country": "DE", "address": {"city": "Berlin"}})
    assert first.status_code == 200
    api.patch(PATH, {"tax_ids": [{"type": "eu_vat", "value": "DE 136695976"}], "tax_behavior": "inclusive"})
    shown = api.get(PATH).json()
    assert (shown["company_name"], shown["tax_behavior"]) == ("Acme", "inclusive")
    assert shown["tax_ids"] == [{"type": "eu_vat", "value": "DE136695976"}]
    assert shown["address"] == {"city": "Berlin"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"country": "Germany"}, "validation_failed"), ({"tax_behavior": "both"}, "validation_failed"),
        ({"terms_days": 366}, "validation_failed"), ({"grace_hours": -1}, "validation_failed"),
        ({"sends_invoices": "yes"}, "validation_failed"), ({"surprise": 1}, "validation_failed"),
        ({"address": {"planet": "Mars"}}, "validation_failed"), ({"locale": "xx"}, "billing_settings_invalid"),
        ({"payment_url": "http://pay.example"}, "billing_settings_invalid"),
        ({"logo": "../secret"}, "billing_settings_invalid"),
        ({"tax_ids": [{"type": "eu_vat", "value": "DE136695977"}]}, "tax_id_invalid"),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused(api: Any, change: dict[str, Any], code: str) -> None:
    answer = api.patch(PATH, {"company_name": "Acme"} | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert api.get(PATH).json()["company_name"] == ""


def test_a_stranger_changes_his_own_only(api: Any, stranger_api: Any) -> None:
    api.patch(PATH, {"company_name": "Acme"})
    stranger_api.patch(PATH, {"company_name": "Other"})
    assert api.get(PATH).json()["company_name"] == "Acme"
