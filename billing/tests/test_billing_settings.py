"""How an environment bills: decided by verb, and in force for what is issued afterwards."""

from collections.abc import Callable
from typing import Any

import pytest

from billing import selectors, services
from billing.internal import _settings
from billing.models import BillingSettings, Invoice
from billing.tests.factories import AT, issue
from core import tenancy
from core.actor import SYSTEM
from core.tax_ids import TaxIdInvalid
from core.tenancy import Scope

pytestmark = pytest.mark.django_db


def change(**changes: Any) -> BillingSettings:
    return services.change_billing_settings(changes=changes, actor=SYSTEM, now=AT)


def test_an_environment_without_settings_has_the_defaults() -> None:
    found = _settings.current()
    assert (found.tax_behavior, found.terms_days, found.grace_hours, found.locale) == ("exclusive", 0, 0, "en")
    assert BillingSettings.objects.count() == 0


def test_settings_are_changed_and_said_to_be(facts: Callable[[], list[str]]) -> None:
    change(company_name="Acme", country="DE", tax_ids=[{"type": "eu_vat", "value": "DE 136 695 976"}])
    change(terms_days=14, company_name="Acme")
    change(terms_days=14)
    found = selectors.billing_settings()
    assert (found.company_name, found.terms_days) == ("Acme", 14)
    assert found.tax_ids == [{"type": "eu_vat", "value": "DE136695976"}]
    assert facts() == ["billing.settings_changed"] * 2


def test_what_is_issued_follows_them() -> None:
    before = issue(1000)
    change(tax_behavior="inclusive", terms_days=14, company_name="Acme")
    after = Invoice.objects.get(pk=issue(1000).id)
    assert (after.tax_behavior, after.terms_days, after.issuer_snapshot["name"]) == ("inclusive", 14, "Acme")
    assert Invoice.objects.get(pk=before.id).tax_behavior == "exclusive"


def test_each_environment_has_its_own(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        change(company_name="Live")
    assert selectors.billing_settings().company_name == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("country", "Germany"), ("locale", "klingon!"), ("locale", "xx"), ("payment_url", "http://pay.example"),
        ("payment_url", "https://pay.example/{number}"), ("payment_url", "javascript:alert(1)"),
        ("terms_days", 366), ("terms_days", -1), ("grace_hours", 721), ("logo", "../secret.png"), ("logo", "/etc/x"),
        ("address", {"planet": "Mars"}), ("address", []), ("tax_ids", {}), ("tax_ids", [{"type": "eu_vat"}]),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: Any, facts: Callable[[], list[str]]) -> None:
    with pytest.raises(services.BillingSettingsInvalid) as caught:
        change(**{name: value})
    assert caught.value.members["field"] == name
    assert facts() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("country", ""), ("locale", "pt-BR"), ("payment_url", ""), ("payment_url", "https://pay.example/{invoice}"),
        ("terms_days", 365), ("grace_hours", 720), ("logo", "logos/acme.png"),
        ("address", {"line1": "1 Main St", "city": "Berlin"}),
    ],
)  # fmt: skip
def test_a_setting_is_kept(name: str, value: Any) -> None:
    change(**{name: value})
    assert getattr(selectors.billing_settings(), name) == value


def test_a_wrong_tax_id_changes_nothing() -> None:
    with pytest.raises(TaxIdInvalid):
        change(company_name="Acme", tax_ids=[{"type": "eu_vat", "value": "DE136695977"}])
    assert selectors.billing_settings().company_name == ""
