"""Every page of the console: it opens, its queries do not grow with its rows, and who may only look has no buttons."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse

from accounts.tests.factories import make_key
from billing.dunning import Policy
from billing.models import Invoice
from billing.services import change_billing_settings, change_dunning_policy, issue_credit_note
from billing.tests.coupons import make_coupon, make_tax_rate, redeem
from billing.tests.dunning.builders import decline
from billing.tests.wallets.builders import debit, grant
from core import clock, console, ids
from core.actor import SYSTEM
from core.tenancy.system import system_scope
from featureflags import services as flags
from jobs import tallies
from jobs.internal import work
from jobs.services import schedule
from payments.models import Payment
from payments.services import refund_payment
from subscriptions.models import Subscription
from subscriptions.services import Wanted, change_subscription_settings, schedule_change
from tests.fixtures import NOW, Api, do_all_jobs
from tests.scenario import Company
from tests.shared import Worlds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

PAGES: dict[str, Any] = {model._meta.label_lower: page for model, page in admin.site._registry.items()}
# The session, the operator, his second factor and his rights are five of them; a look at people writes one entry.
MOST_QUERIES = 20
# What nothing in the scenario makes: a person, a place of his in a tenant, an approval, a move to another version of
# a plan, and news from a gateway.
EMPTY = {
    "accounts.approval", "accounts.membership", "payments.gatewayevent", "subscriptions.versionmigration",
    "subscriptions.versionmigrationitem",
}  # fmt: skip


@pytest.fixture
def looker() -> Client:
    """The browser of an operator who may see everything and do nothing."""
    user: Any = get_user_model().objects.create(email="looker@perennial.example", is_staff=True, is_active=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(scope="module")
def company(worlds: Worlds) -> Company:
    """A company with one customer who has everything."""
    # A look into an idle queue is written down again, whoever looked a moment ago in this process.
    with patch.object(tallies, "_polled", {}), override_settings(OUTBOUND_ALLOWED_NETWORKS=["127.0.0.0/8"]):
        return worlds.build(lambda _freeze: _found(Api(make_key())))


def _found(api: Api) -> Company:
    company = Company(api)
    company.open()
    api.post("/api/v1/webhook-endpoints", {"url": "http://127.0.0.1:1999/hook", "events": ["*"]})
    flags.set_override(
        name="new_billing_flow", is_on=True, percentage=None, customers=[], note="", actor=SYSTEM, now=NOW
    )
    change_subscription_settings(changes={"longest_customer_pause_days": 30}, actor=SYSTEM, now=NOW)
    _welcome(company, "Ada Lovelace")
    change_dunning_policy(policy=Policy(), actor=SYSTEM, now=NOW)
    subject = Subscription.objects.get(status="active").public_id
    schedule(kind="reminder", subject=subject, run_at=clock.now() + timedelta(days=1), actor=SYSTEM, now=clock.now())
    work("q:mail", seconds=0)
    return company


def _welcome(company: Company, name: str) -> None:
    customer = company.welcome(name)
    redeem(make_coupon(), customer_id=ids.decode("cus", customer), reference=customer)
    make_tax_rate(country="DE")
    debit(grant(500, customer_id=ids.decode("cus", customer)).wallet, 500)
    change_billing_settings(changes={"company_name": name}, actor=SYSTEM, now=clock.now())
    decline(customer_id=ids.decode("cus", customer))
    do_all_jobs()
    company.use(customer)
    running = Subscription.objects.get(status="active", customer_id=ids.decode("cus", customer))
    schedule_change(subscription_id=running.pk, wanted=Wanted(quantity=3), actor=SYSTEM, now=clock.now())
    payment = Payment.objects.filter(status="succeeded", refunded_minor=0).latest("id")
    refund_payment(payment_id=payment.id, amount_minor=100, reason="goodwill", actor=SYSTEM, now=clock.now())
    sold = Invoice.objects.filter(state="paid", kind="subscription_cycle", total_minor__gt=0).latest("id")
    issue_credit_note(
        invoice_id=sold.pk, amount_minor=100, reason="goodwill", settle="wallet", key=sold.public_id, actor=SYSTEM,
        now=clock.now(),
    )  # fmt: skip
    do_all_jobs()


def _list_of(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


def _row_of(label: str) -> Any:
    with system_scope("test: any row"):
        return PAGES[label].model._base_manager.order_by("-pk").first()


def _page_of(label: str, row: Any) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_change", args=[row.pk])


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200, address
    return len(captured)


def _counted(client: Client) -> dict[str, int]:
    return {label: _queries(client, _list_of(label)) for label in PAGES}


def test_the_queries_of_a_list_do_not_grow_with_its_rows(company: Company, looker: Client) -> None:
    few = _counted(looker)
    for name in ("Grace Hopper", "Alan Turing"):
        _welcome(company, name)
    many = _counted(looker)
    assert {label: (few[label], n) for label, n in many.items() if n > few[label]} == {}
    assert {label: n for label, n in many.items() if n > MOST_QUERIES} == {}


def test_every_row_has_a_page_without_buttons_for_who_may_only_look(company: Company, looker: Client) -> None:
    opened = set()
    for label in PAGES:
        row = _row_of(label)
        if row is not None:
            opened.add(label)
            shown = looker.get(_page_of(label, row))
            assert shown.status_code == 200, label
            assert [name for name in _buttons(label) if f"{row.pk}/{name}" in shown.content.decode()] == [], label
            assert 'name="_save"' not in shown.content.decode(), label
    assert set(PAGES) - opened == EMPTY


def _all_buttons(label: str) -> list[str]:
    page = PAGES[label]
    return list(page._extract_action_names(page.actions_detail))


def _buttons(label: str) -> list[str]:
    """The buttons that change something; the others only show something."""
    return [name for name in _all_buttons(label) if hasattr(getattr(PAGES[label], name), "verb_permission")]


def test_what_only_shows_something_is_there_for_who_may_only_look(company: Company, looker: Client) -> None:
    looked = set()
    for label in PAGES:
        row, changing = _row_of(label), _buttons(label)
        for name in [one for one in _all_buttons(label) if one not in changing] if row else []:
            address = _page_of(label, row).replace("/change/", f"/{name}/")
            assert looker.get(address).status_code in (200, 302), address
            looked.add((label, name))
    assert ("billing.invoice", "explain") in looked


def test_pressing_a_button_that_is_not_there_is_forbidden(company: Company, looker: Client) -> None:
    pressed = 0
    for label in PAGES:
        row = _row_of(label)
        for name in _buttons(label) if row else []:
            address = _page_of(label, row).replace("/change/", f"/{name}/")
            assert looker.post(address, {"reason": "because"}).status_code == 403, address
            pressed += 1
    assert pressed > 10


def test_a_row_is_found_by_its_public_id_and_by_its_owners(company: Company, looker: Client) -> None:
    subscription, customer = _row_of("subscriptions.subscription"), _row_of("accounts.customer")
    for label, term in (
        ("subscriptions.subscription", subscription.public_id), ("subscriptions.subscription", customer.public_id),
        ("billing.invoice", customer.public_id), ("accounts.customer", customer.public_id),
        ("billing.invoice", subscription.public_id),
    ):  # fmt: skip
        found = looker.get(_list_of(label), {"q": term}).context["cl"].result_count
        assert found >= 1, (label, term)
    assert looker.get(_list_of("accounts.customer"), {"q": subscription.public_id}).context["cl"].result_count == 0


def test_amounts_are_shown_as_money_and_states_as_badges(company: Company, looker: Client) -> None:
    shown = looker.get(_list_of("billing.invoice")).content.decode()
    assert "58.00 USD" in shown
    assert '<span class="badge badge-good">paid</span>' in shown
    assert "Ada Lovelace" in shown


def test_the_overview_counts_and_draws_what_the_operator_may_see(company: Company, looker: Client) -> None:
    shown = looker.get("/admin/").context
    numbers = {tile["title"]: tile["number"] for tile in shown["tiles"]}
    assert (numbers["Customers"], numbers["Active subscriptions"], numbers["Dead jobs"]) == (1, 1, 0)
    charts = {chart["title"]: chart["bars"] for chart in shown["charts"]}
    assert charts["Subscriptions by status"][0]["bar"].text == "1"
    assert charts["Cash per month, USD"][0]["bar"].text.endswith(" USD")
    assert shown["happened"]


def test_the_overview_can_be_narrowed_to_an_environment(
    company: Company, looker: Client, live_environment: Any, environment: Any
) -> None:
    pills = {pill["title"]: pill["id"] for pill in looker.get("/admin/").context["pills"]}
    live = next(key for title, key in pills.items() if title.endswith("live"))
    shown = looker.get("/admin/", {"environment": live}).context
    # People stand above environments.
    counted = {tile["title"]: tile["number"] for tile in shown["tiles"]}
    assert counted.pop("Operators without a second factor") == 1
    assert set(counted.values()) == {0}
    assert shown["happened"] == []


def test_who_may_see_nothing_sees_an_empty_overview(company: Company) -> None:
    user: Any = get_user_model().objects.create(email="new@perennial.example", is_staff=True, is_active=True)
    client = Client()
    client.force_login(user)
    answer = client.get("/admin/")
    assert (answer.context["tiles"], answer.context["charts"], answer.context["happened"]) == ([], [], [])
    assert "Ask for permissions" in answer.content.decode()


def test_an_amount_is_written_with_the_exponent_of_its_currency() -> None:
    assert console.money(2900, "USD") == "29.00 USD"
    assert console.money(2900, "JPY") == "2900 JPY"
    assert console.money(None, "USD") == "–"


def test_a_reference_is_a_link_where_there_is_a_page() -> None:
    assert 'href="/admin/subscriptions/subscription/' in console.link("sub_01m7xxzm27exe9q3rf1frgepcq")
    assert console.link("sub_nonsense") == "sub_nonsense"
    assert console.link("xyz_01m7xxzm27exe9q3rf1frgepcq") == "xyz_01m7xxzm27exe9q3rf1frgepcq"
    assert console.link("") == "–"
