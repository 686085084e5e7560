"""How a party is printed from its snapshot."""

import pytest

from billing.documents import formats
from billing.documents.content import TaxId
from billing.documents.parties import party

ENGLISH = formats.locale_of("en")
ADDRESS = {"line1": "Suite 4", "line2": "12 High Street", "city": "Town", "postal_code": "12345", "state": "ST"}


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("US", ("Suite 4", "12 High Street", "Town, ST 12345", "United States")),
        ("DE", ("Suite 4", "12 High Street", "12345 Town", "ST", "Germany")),
        ("GB", ("Suite 4", "12 High Street", "Town, ST 12345", "United Kingdom")),
        ("ZZ", ("Suite 4", "12 High Street", "12345 Town", "ST", "Unknown Region")),
        (None, ("Suite 4", "12 High Street", "12345 Town", "ST")),
    ],
)
def test_an_address_is_written_as_its_country_does(country: str | None, expected: tuple[str, ...]) -> None:
    assert party({"name": "Ada", "address": ADDRESS, "country": country}, ENGLISH).address == expected


def test_the_country_is_named_in_the_documents_language() -> None:
    assert party({"country": "DE"}, formats.locale_of("fr")).address == ("Allemagne",)


@pytest.mark.parametrize(
    ("snapshot", "name", "email"),
    [
        ({"name": "Ada", "email": "ada@example.com", "id": "cus_1"}, "Ada", "ada@example.com"),
        ({"name": "", "email": "ada@example.com", "id": "cus_1"}, "ada@example.com", ""),
        ({"name": "", "email": None, "external_ref": "42", "id": "cus_1"}, "42", ""),
        ({"id": "cus_1"}, "cus_1", ""),
        ({}, "", ""),
    ],
)
def test_a_party_is_called_by_the_best_name_there_is(snapshot: dict[str, str], name: str, email: str) -> None:
    found = party(snapshot, ENGLISH)
    assert (found.name, found.email) == (name, email)


def test_tax_ids_are_taken_over() -> None:
    found = party({"name": "Ada", "tax_ids": [{"type": "eu_vat", "value": "DE1"}]}, ENGLISH)
    assert found.tax_ids == (TaxId(type="eu_vat", value="DE1"),)
