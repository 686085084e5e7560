"""Tax rates: made, ended, archived, and what they do to invoices."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts import selectors as customers
from billing import selectors, services
from billing.internal import _taxes
from billing.models import Invoice, InvoiceTax, TaxRate, TaxRateArchived
from billing.tests.coupons import make_tax_rate
from billing.tests.factories import AT, issue, line, make_customer_id
from core import errors, tenancy
from core.actor import SYSTEM
from core.tenancy import Scope

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=30)
FRENCH_ID = {"type": "eu_vat", "value": "FR40303265045"}


def invoice(*amounts: int, **customer: Any) -> Invoice:
    return Invoice.objects.get(pk=issue(*amounts, customer_id=make_customer_id(**customer)).id)


def shown(row: Invoice) -> list[tuple[str, Decimal, bool, int, int]]:
    rates = row.taxes.values_list("code", "percentage", "is_reverse_charge", "base_minor", "tax_minor")
    return list(rates)


def update(rate: TaxRate, *, now: datetime = AT, **changes: Any) -> TaxRate:
    return services.update_tax_rate(tax_rate_id=rate.pk, changes=changes, actor=SYSTEM, now=now)


def company(**settings: Any) -> None:
    services.change_billing_settings(changes=settings, actor=SYSTEM, now=AT)


def test_a_rate_is_made_and_counts(facts: Callable[[], list[str]]) -> None:
    make_tax_rate(code="de", percentage=Decimal(19), country="DE")
    assert facts() == ["tax_rate.created"]
    row = invoice(1000, country="DE")
    assert (row.tax_minor, row.total_minor, shown(row)) == (190, 1190, [("de", Decimal(19), False, 1000, 190)])
    assert invoice(1000, country="FR").tax_minor == invoice(1000).tax_minor == 0


def test_two_rates_have_the_same_base() -> None:
    make_tax_rate(percentage=Decimal(6), country="US", region="NY")
    make_tax_rate(percentage=Decimal(2), country="US")
    assert invoice(10000, country="US", address={"state": "ny"}).tax_minor == 800
    assert invoice(10000, country="US", address={"state": "CA"}).tax_minor == 200
    assert invoice(10000, country="US").tax_minor == 200


def test_a_line_has_the_rates_of_its_tax_code() -> None:
    make_tax_rate(percentage=Decimal(19))
    make_tax_rate(percentage=Decimal(7), tax_code="books")
    lines = [line(1000), line(1000, tax_code="books"), line(1000, tax_code="none")]
    row = Invoice.objects.get(pk=issue(lines=lines).id)
    assert list(row.lines.values_list("tax_minor", flat=True)) == [190, 70, 0]


def test_a_rate_counts_from_its_start_to_its_end() -> None:
    make_tax_rate(percentage=Decimal(19), starts_at=AT, ends_at=LATER)
    settings = selectors.billing_settings()
    customer = customers.get_customer(make_customer_id())
    second = timedelta(seconds=1)
    found = [len(_taxes.rules_for(customer, settings, at).rates) for at in (AT - second, AT, LATER - second, LATER)]
    assert found == [0, 1, 1, 0]


def test_the_taxes_of_a_customer_take_one_query(django_assert_num_queries: Any) -> None:
    for _ in range(5):
        make_tax_rate()
    settings, customer = selectors.billing_settings(), customers.get_customer(make_customer_id(country="DE"))
    with django_assert_num_queries(1):
        assert len(_taxes.rules_for(customer, settings, AT).for_line("")) == 5


def test_an_exempt_customer_has_no_taxes() -> None:
    make_tax_rate()
    row = invoice(1000, country="DE", tax_exemption="exempt")
    assert (row.total_minor, shown(row)) == (1000, [])


def test_a_business_across_the_border_owes_the_tax_itself() -> None:
    company(country="DE")
    make_tax_rate(code="fr", percentage=Decimal(20), country="FR")
    row = invoice(1000, country="FR", tax_ids=[FRENCH_ID])
    assert (row.total_minor, shown(row)) == (1000, [("fr", Decimal(0), True, 1000, 0)])
    assert invoice(1000, country="FR").total_minor == 1200


def test_the_reverse_charge_is_noted_without_a_rate() -> None:
    row = invoice(1000, country="JP", tax_exemption="reverse_charge")
    assert (row.total_minor, shown(row)) == (1000, [("reverse_charge", Decimal(0), True, 1000, 0)])
    assert InvoiceTax.objects.get().country == "JP"


def test_prices_include_their_taxes_where_the_company_says_so() -> None:
    company(tax_behavior="inclusive")
    make_tax_rate(percentage=Decimal(20))
    row = invoice(1200)
    assert (row.subtotal_minor, row.tax_minor, row.total_minor) == (1200, 200, 1200)


@pytest.mark.parametrize(
    "known",
    [
        {"percentage": Decimal(-1)}, {"percentage": Decimal("100.5")}, {"percentage": Decimal("0.0000001")},
        {"percentage": Decimal("NaN")}, {"region": "NY"}, {"starts_at": LATER, "ends_at": LATER},
        {"code": "reverse_charge"}, {"code": ""},
    ],
)  # fmt: skip
def test_a_rate_that_makes_no_sense_is_not_made(known: dict[str, Any], facts: Callable[[], list[str]]) -> None:
    with pytest.raises(services.TaxRateInvalid):
        make_tax_rate(**known)
    assert (TaxRate.objects.count(), facts()) == (0, [])


def test_a_code_is_given_once() -> None:
    make_tax_rate(code="vat")
    with pytest.raises(services.TaxRateCodeTaken):
        make_tax_rate(code="vat", percentage=Decimal(1))
    assert TaxRate.objects.get().percentage == Decimal(20)


def test_a_rate_is_renamed_and_ended(facts: Callable[[], list[str]]) -> None:
    rate = make_tax_rate(name="VAT")
    changed = update(rate, name="USt", ends_at=LATER)
    assert (changed.name, changed.ends_at) == ("USt", LATER)
    assert update(rate, name="USt").name == "USt"
    assert facts() == ["tax_rate.created", "tax_rate.updated"]


def test_a_rate_does_not_end_in_the_past() -> None:
    rate = make_tax_rate()
    with pytest.raises(services.TaxRateInvalid):
        update(rate, ends_at=AT, now=LATER)
    assert TaxRate.objects.get().ends_at is None


def test_an_end_that_has_come_stays() -> None:
    rate = make_tax_rate(ends_at=LATER)
    with pytest.raises(services.TaxRateInvalid):
        update(rate, ends_at=None, now=LATER)
    assert TaxRate.objects.get().ends_at == LATER


def test_an_archived_rate_counts_no_more(facts: Callable[[], list[str]]) -> None:
    rate = make_tax_rate()
    services.archive_tax_rate(tax_rate_id=rate.pk, actor=SYSTEM, now=AT)
    with pytest.raises(TaxRateArchived):
        services.archive_tax_rate(tax_rate_id=rate.pk, actor=SYSTEM, now=AT)
    with pytest.raises(TaxRateArchived):
        update(rate, name="USt")
    assert facts() == ["tax_rate.created", "tax_rate.archived"]
    assert invoice(1000).tax_minor == 0


def test_another_environments_rate_is_not_there(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        rate = make_tax_rate()
    with pytest.raises(errors.NotFound):
        services.archive_tax_rate(tax_rate_id=rate.pk, actor=SYSTEM, now=AT)
    assert invoice(1000).tax_minor == 0


@pytest.mark.parametrize("change", ["percentage = 7", "country = 'FR'", "code = 'other'", "starts_at = now()"])
def test_the_database_keeps_what_a_rate_says(change: str, owner_sql: Callable[..., Any]) -> None:
    make_tax_rate(code="vat")
    with pytest.raises(DatabaseError), transaction.atomic():
        owner_sql(f"UPDATE billing_taxrate SET {change}")
    assert (TaxRate.objects.get().code, TaxRate.objects.get().percentage) == ("vat", Decimal(20))
