"""The console's pages of customers, keys and people."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts import moves, services
from accounts.admin import _environments
from accounts.models import ApiKey, User
from accounts.tests.factories import PASSWORD, make_customer, make_key
from core.models import Environment
from outbox.internal import relay_here
from outbox.models import OutboxEvent
from subscriptions.models import Subscription
from subscriptions.tests.factories import make_plan, monthly, subscribe
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


def daily() -> Subscription:
    """A subscription that costs nothing and renews every day."""
    return subscribe(make_customer(), make_plan(monthly("0", interval="day")))


def test_a_sandboxs_clock_is_moved_with_a_reason_and_the_page_tells_what_happened(
    console: Client, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(NOW)
    row, subscription = Environment.objects.get(tenant__slug="default", slug="sandbox"), daily()
    page, button = (reverse(f"admin:core_environment_{name}", args=[row.pk]) for name in ("change", "advance_clock"))
    assert "stopped at" in console.get(page).content.decode()
    for wrong in ({"by_days": ""}, {"by_days": "1", "to": "2026-02-01 00:00"}, {"by_days": "0"}):
        assert console.post(button, {"reason": "a day", **wrong}).status_code == 200
    assert Environment.objects.get(pk=row.pk).advancing_to is None
    assert console.post(button, {"reason": "to see a renewal", "by_days": "1"}).status_code == 302
    relay_here()
    assert (
        "moving at 2026-01-15 12:00 – from 2026-01-15 12:00 to 2026-01-16 12:00, 0 %"
        in console.get(page).content.decode()
    )
    run_jobs()
    assert Environment.objects.get(pk=row.pk).clock_at == NOW + timedelta(days=1)
    shown = console.get(page).content.decode()
    assert "stopped at 2026-01-16 12:00" in shown
    assert "subscription.renewed" in shown
    assert subscription.public_id in shown
    assert OutboxEvent.objects.get(type="environment.clock_advance_started").data["reason"] == "to see a renewal"


def pages_of(console: Client, page: str) -> list[list[str]]:
    """The types of the facts on each page of a move, as the links lead on."""
    found: list[list[str]] = []
    further: str | None = ""
    while further is not None:
        shown = console.get(page + further).content.decode()
        assert ("From the beginning" in shown) is bool(found)
        found.append(re.findall(r"<tr><td>[^<]*</td><td>([a-z_.]+)</td>", shown))
        on = re.search(r'href="(\?after=\d+)">Next', shown)
        further = on[1] if on else None
    return found


def test_all_that_happened_is_read_page_by_page(
    console: Client, freeze: Callable[[datetime], None], run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fact once and in order, on full pages but for the last; an address that names no place begins anew."""
    monkeypatch.setattr(_environments, "MOST_SHOWN", 2)
    freeze(NOW)
    row, _ = Environment.objects.get(tenant__slug="default", slug="sandbox"), daily()
    page, button = (reverse(f"admin:core_environment_{name}", args=[row.pk]) for name in ("change", "advance_clock"))
    console.post(button, {"reason": "to see a renewal", "by_days": "1"})
    relay_here()
    run_jobs()
    pages = pages_of(console, page)
    told = [fact.type for fact in moves.list_happened(moves.get_clock(), after=0, limit=1000)]
    assert [one for facts in pages for one in facts] == told
    assert len(pages) > 1
    assert {len(facts) for facts in pages[:-1]} == {2}
    for nowhere in ("-1", "9" * 40):
        assert pages[0] == re.findall(
            r"<tr><td>[^<]*</td><td>([a-z_.]+)</td>", console.get(f"{page}?after={nowhere}").content.decode()
        )


def test_a_live_clock_cannot_be_moved_on_the_console(console: Client) -> None:
    row = Environment.objects.get(tenant__slug="default", slug="live")
    button = reverse("admin:core_environment_advance_clock", args=[row.pk])
    console.post(button, {"reason": "to see a renewal", "by_days": "31"})
    row.refresh_from_db()
    assert (row.clock_at, row.advancing_to) == (None, None)
