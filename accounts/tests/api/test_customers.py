"""`/customers` over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Customer
from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import make_customer, register
from core import ids, tenancy
from core.tenancy import Scope

pytestmark = pytest.mark.django_db

CUSTOMERS = "/api/v1/customers"


def test_a_customer_is_made_and_read_back() -> None:
    client = with_key()
    body = {
        "email": "Ada@Example.com", "name": "Ada", "external_ref": "a-1", "currency": "EUR",
        "timezone": "Europe/Berlin", "country": "DE", "address": {"city": "Berlin"},
        "tax_ids": [{"type": "eu_vat", "value": "DE136695976"}], "metadata": {"tier": "gold"},
    }  # fmt: skip
    response = client.post(CUSTOMERS, body)
    assert response.status_code == 201, response.content
    made = response.json()
    assert made.items() >= {**body, "email": "ada@example.com"}.items()
    assert client.get(f"{CUSTOMERS}/{made['id']}").json() == made


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"), ("currency", "eur"), ("timezone", "Mars/Olympus"), ("country", "Germany"),
        ("metadata", {"k" * 41: "v"}), ("metadata", {"k": "v" * 501}), ("metadata", {str(n): "" for n in range(51)}),
        ("tax_ids", [{"type": "eu_vat"}]), ("tax_ids", [{"type": "eu_vat", "value": "X1"}] * 11),
        ("tax_exemption", "always"),
        ("address", {"planet": "Mars"}), ("external_ref", ""), ("is_currency_fixed", True), ("id", "cus_1"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_pointed_at_and_nobody_made(field: str, value: Any) -> None:
    response = with_key().post(CUSTOMERS, {"email": "ada@example.com", field: value})
    assert problem(response) == (422, "validation_failed")
    assert response.json()["errors"][0]["pointer"].startswith(f"/{field}")
    assert not Customer.objects.exists()


def test_tax_ids_are_kept_compact_and_an_exemption_is_shown() -> None:
    client, row = with_key(), make_customer()
    assert client.get(f"{CUSTOMERS}/{row.public_id}").json()["tax_exemption"] == "none"
    body = {"tax_ids": [{"type": "eu_vat", "value": "DE 136 695 976"}], "tax_exemption": "reverse_charge"}
    shown = client.patch(f"{CUSTOMERS}/{row.public_id}", body).json()
    assert shown["tax_ids"] == [{"type": "eu_vat", "value": "DE136695976"}]
    assert shown["tax_exemption"] == "reverse_charge"


def test_a_wrong_check_digit_is_named_and_nothing_changes(facts: Callable[[], list[str]]) -> None:
    client, row = with_key(), make_customer()
    before = facts()
    wrong = [{"type": "xx_new", "value": "AS-1"}, {"type": "eu_vat", "value": "DE136695977"}]
    response = client.patch(f"{CUSTOMERS}/{row.public_id}", {"name": "New", "tax_ids": wrong})
    assert problem(response) == (422, "tax_id_invalid")
    assert (response.json()["tax_id"], response.json()["scheme"]) == (2, "eu_vat")
    row.refresh_from_db()
    assert (row.tax_ids, row.name == "New", facts()) == ([], False, before)
    assert problem(client.post(CUSTOMERS, {"email": "ada@example.com", "tax_ids": wrong})) == (422, "tax_id_invalid")
    assert Customer.objects.count() == 1


def test_a_customer_does_not_exempt_himself() -> None:
    customer, tokens = register()
    response = with_token(tokens.access_token).patch(f"{CUSTOMERS}/{customer.public_id}", {"tax_exemption": "exempt"})
    assert problem(response) == (422, "validation_failed")
    assert Customer.objects.get(pk=customer.pk).tax_exemption == "none"


def test_a_reference_that_is_taken_is_a_conflict() -> None:
    make_customer(external_ref="a-1")
    response = with_key().post(CUSTOMERS, {"email": "ada@example.com", "external_ref": "a-1"})
    assert problem(response) == (409, "external_ref_taken")


def test_a_reading_key_reads_and_does_not_write(facts: Callable[[], list[str]]) -> None:
    client, row = with_key("read"), make_customer()
    assert client.get(f"{CUSTOMERS}/{row.public_id}").status_code == 200
    assert problem(client.post(CUSTOMERS, {"email": "ada@example.com"})) == (403, "missing_scope")
    assert problem(client.patch(f"{CUSTOMERS}/{row.public_id}", {"name": "x"})) == (403, "missing_scope")
    assert Customer.objects.count() == 1
    assert "customer.updated" not in facts()


def test_a_key_of_another_resource_reads_nothing() -> None:
    assert problem(with_key("usage:write").get(CUSTOMERS)) == (403, "missing_scope")


def test_another_environments_customer_is_not_there(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        row = make_customer()
    client = with_key()
    unknown = client.get(f"{CUSTOMERS}/{ids.encode('cus', ids.new())}")
    foreign = client.get(f"{CUSTOMERS}/{row.public_id}")
    assert problem(foreign) == problem(unknown) == (404, "not_found")
    assert problem(client.patch(f"{CUSTOMERS}/{row.public_id}", {"name": "x"})) == (404, "not_found")
    assert client.get(CUSTOMERS).json()["data"] == []


def test_a_list_is_narrowed() -> None:
    ada = make_customer(email="ada@example.com", external_ref="a-1")
    make_customer(email="bob@example.com")
    client = with_key()

    def listed(**query: str) -> list[str]:
        return [one["id"] for one in client.get(CUSTOMERS, **query).json()["data"]]

    assert listed(email="ADA@example.com") == listed(external_ref="a-1") == [ada.public_id]
    assert len(listed(created_from="2020-01-01T00:00:00Z")) == 2
    assert listed(created_before="2020-01-01T00:00:00Z") == []
    assert problem(client.get(CUSTOMERS, color="red")) == (400, "unknown_parameter")


def test_a_change_keeps_the_rest() -> None:
    row = make_customer(name="Ada", external_ref="a-1")
    response = with_key().patch(f"{CUSTOMERS}/{row.public_id}", {"name": "Ada L.", "country": "GB"})
    assert response.status_code == 200, response.content
    assert response.json().items() >= {"name": "Ada L.", "country": "GB", "external_ref": "a-1"}.items()


def test_a_customer_sees_and_changes_himself_only() -> None:
    other = make_customer()
    me, tokens = register()
    client = with_token(tokens.access_token)
    assert [one["id"] for one in client.get(CUSTOMERS).json()["data"]] == [me.public_id]
    assert client.get(f"{CUSTOMERS}/{me.public_id}").status_code == 200
    assert problem(client.get(f"{CUSTOMERS}/{other.public_id}")) == (404, "not_found")
    assert problem(client.patch(f"{CUSTOMERS}/{other.public_id}", {"name": "x"})) == (404, "not_found")
    assert client.patch(f"{CUSTOMERS}/{me.public_id}", {"name": "Me"}).json()["name"] == "Me"
    assert problem(client.patch(f"{CUSTOMERS}/{me.public_id}", {"metadata": {}})) == (422, "validation_failed")
    assert problem(client.post(CUSTOMERS, {"email": "x@example.com"})) == (403, "wrong_credentials")


def test_a_publishable_key_knows_no_customers() -> None:
    client = with_key(type="publishable")
    assert problem(client.get(CUSTOMERS)) == (403, "wrong_credentials")
    assert problem(client.post(CUSTOMERS, {"email": "x@example.com"})) == (403, "wrong_credentials")


def test_a_list_asks_the_database_once_for_all_rows(django_assert_max_num_queries: Any) -> None:
    client = with_key()
    for _ in range(3):
        make_customer()
    with django_assert_max_num_queries(14) as three:
        client.get(CUSTOMERS)
    for _ in range(10):
        make_customer()
    with django_assert_max_num_queries(len(three)):
        assert len(client.get(CUSTOMERS).json()["data"]) == 13
