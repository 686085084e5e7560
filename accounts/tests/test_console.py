"""The console's pages of customers, keys and people."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import ApiKey, User
from accounts.tests.factories import PASSWORD, make_customer, make_key
from core.models import Environment
from tests.fixtures import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def console() -> Client:
    """An operator who is logged in."""
    client = Client()
    client.force_login(services.create_operator("op@example.com", PASSWORD, now=NOW))
    return client


def test_an_operator_logs_in_with_his_address_in_any_case() -> None:
    services.create_operator("op@example.com", PASSWORD, now=NOW)
    assert Client().login(username="OP@example.com", password=PASSWORD)
    assert not Client().login(username="op@example.com", password="wrong")


def test_djangos_own_command_makes_an_operator() -> None:
    user = User.objects.create_superuser("Root@Example.com", PASSWORD)
    assert (user.email, user.is_staff, user.is_superuser) == ("root@example.com", True, True)


@pytest.mark.parametrize("name", ["customer", "apikey", "user", "membership"])
def test_each_page_lists_and_searches(console: Client, name: str) -> None:
    row = make_customer(name="Ada Lovelace")
    make_key(name="shop")
    place = reverse(f"admin:accounts_{name}_changelist")
    assert console.get(place).status_code == 200
    assert console.get(place, {"q": "ada"}).status_code == 200
    assert row.public_id


def test_a_customers_page_shows_him(console: Client) -> None:
    row = make_customer(name="Ada Lovelace")
    page = console.get(reverse("admin:accounts_customer_change", args=[row.pk]))
    assert b"Ada Lovelace" in page.content


def test_a_keys_page_shows_no_hash_and_revokes(console: Client) -> None:
    secret = make_key(name="shop")
    row = ApiKey.objects.get()
    page = console.get(reverse("admin:accounts_apikey_change", args=[row.pk])).content.decode()
    assert row.last_four in page
    assert secret not in page
    assert bytes(row.hash).hex() not in page
    button = reverse("admin:accounts_apikey_revoke", args=[row.pk])
    assert console.post(button, {"reason": "leaked"}).status_code == 302
    with pytest.raises(services.CredentialRefused):
        services.authenticate_key(secret, now=NOW.replace(year=2100))


def test_the_origins_of_an_environment_are_allowed_with_a_reason(console: Client) -> None:
    row = Environment.objects.get(tenant__slug="default", slug="sandbox")
    assert console.get(reverse("admin:core_environment_change", args=[row.pk])).status_code == 200
    button = reverse("admin:core_environment_allow_origins", args=[row.pk])
    assert b"One on each line" in console.get(button).content
    asked = {"reason": "a new shop", "origins": "https://shop.example\r\nhttps://www.shop.example\r\n"}
    assert console.post(button, asked).status_code == 302
    row.refresh_from_db()
    assert row.allowed_origins == ["https://shop.example", "https://www.shop.example"]
    console.post(button, {"reason": "a mistake", "origins": "shop"})
    row.refresh_from_db()
    assert row.allowed_origins == ["https://shop.example", "https://www.shop.example"]
