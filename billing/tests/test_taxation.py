"""Which taxes a line has."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from billing import taxation
from billing.taxation import Rate, TaxRules, Treatment

GERMAN = Rate(code="de", name="USt", percentage=Decimal(19), country="DE")
REDUCED = Rate(code="de-7", name="USt", percentage=Decimal(7), country="DE", tax_code="books")
FRENCH = Rate(code="fr", name="TVA", percentage=Decimal(20), country="FR")
STATE = Rate(code="us-ny", name="State tax", percentage=Decimal(4), country="US", region="NY")
CITY = Rate(code="us-nyc", name="City tax", percentage=Decimal("4.5"), country="US", region="ny ")
WORLD = Rate(code="world", name="Levy", percentage=Decimal(1))
RATES = [GERMAN, REDUCED, FRENCH, STATE, CITY, WORLD]
GERMAN_ID = {"type": "eu_vat", "value": "DE136695976"}


def codes(country: str = "", region: str = "", tax_code: str = "", kind: Treatment = Treatment.NONE) -> list[str]:
    rules = taxation.rules(RATES, treatment=kind, country=country, region=region)
    return [tax.code for tax in rules.for_line(tax_code)]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"country": "DE"}, ["de", "world"]),
        ({"country": "DE", "tax_code": "books"}, ["de-7"]),
        ({"country": "DE", "tax_code": "other"}, []),
        ({"country": "US"}, ["world"]),
        ({"country": "US", "region": "ny"}, ["us-ny", "us-nyc", "world"]),
        ({"country": "FR", "region": "NY"}, ["fr", "world"]),
        ({}, ["world"]),
        ({"country": "DE", "kind": Treatment.EXEMPT}, []),
        ({"country": "DE", "kind": Treatment.REVERSE_CHARGE}, ["de"]),
        ({"country": "US", "region": "NY", "kind": Treatment.REVERSE_CHARGE}, ["us-ny", "us-nyc"]),
        ({"country": "JP", "kind": Treatment.REVERSE_CHARGE}, ["reverse_charge"]),
        ({"kind": Treatment.REVERSE_CHARGE}, ["reverse_charge"]),
    ],
)
def test_a_line_has_the_rates_of_its_customer(where: dict[str, Any], expected: list[str]) -> None:
    assert codes(**where) == expected


def test_without_rates_there_are_no_taxes() -> None:
    assert TaxRules().for_line("") == ()


@pytest.mark.parametrize("country", ["DE", "JP"])
def test_a_reversed_tax_is_shown_with_nothing(country: str) -> None:
    rules = taxation.rules(RATES, treatment=Treatment.REVERSE_CHARGE, country=country, region="")
    (tax,) = rules.for_line("")
    assert (tax.percentage, tax.is_reverse_charge, tax.country) == (0, True, country)


def treated(exemption: str, company: str, country: str, *his: dict[str, str]) -> str:
    return taxation.treatment(exemption, company_country=company, country=country, his_tax_ids=his)


@pytest.mark.parametrize(
    ("company", "country", "ids", "expected"),
    [
        ("FR", "DE", [GERMAN_ID], "reverse_charge"),
        ("FR", "GR", [{"type": "eu_vat", "value": "EL094259216"}], "reverse_charge"),
        ("FR", "DE", [], "none"),
        ("FR", "DE", [{"type": "eu_vat", "value": "DE136695977"}], "none"),
        ("FR", "AT", [GERMAN_ID], "none"),
        ("DE", "DE", [GERMAN_ID], "none"),
        ("US", "DE", [GERMAN_ID], "none"),
        ("", "DE", [GERMAN_ID], "none"),
        ("FR", "", [GERMAN_ID], "none"),
        ("FR", "GB", [{"type": "gb_vat", "value": "980780684"}], "none"),
    ],
)
def test_the_charge_is_reversed_between_businesses_across_a_border_of_the_union(
    company: str, country: str, ids: list[dict[str, str]], expected: str
) -> None:
    assert treated("none", company, country, *ids) == expected


@pytest.mark.parametrize(("marked", "where"), list(product(("exempt", "reverse_charge"), ("DE", "FR", ""))))
def test_what_a_customer_is_marked_as_counts_everywhere(marked: str, where: str) -> None:
    assert treated(marked, "FR", where, GERMAN_ID) == marked
