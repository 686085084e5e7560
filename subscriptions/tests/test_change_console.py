"""Changing a subscription on the console."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.services import Wanted
from subscriptions.tests.factories import free_plan, make_addon, make_customer, make_plan, monthly, seats, subscribe

pytestmark = pytest.mark.django_db
URL = "/admin/subscriptions/subscription"
CHANGES = "/admin/subscriptions/scheduledchange"


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def running() -> Subscription:
    return subscribe(make_customer(), free_plan())


def send(client: Client, subscription: Subscription, **given: Any) -> str:
    body = {"reason": "asked by phone", "when": "now", **given}
    response = client.post(f"{URL}/{subscription.pk}/adjust/", body, follow=True)
    assert response.status_code == 200
    subscription.refresh_from_db()
    return str(response.content.decode())


def test_what_it_costs_is_shown_first_and_then_it_is_changed(operator: Client, running: Subscription) -> None:
    plan, addon = make_plan(seats("40.00")), make_addon(monthly("5"))
    given = {"plan": plan.code, "quantity": 3, "addons": f"{addon.code}=1", "proration": "full_charge_reset_anchor"}
    shown = send(operator, running, preview="1", **given)
    assert "125.00 USD" in shown
    assert "Its invoice" in shown
    assert (running.quantity, running.version) == (1, 1)
    said = send(operator, running, **given)
    assert "The subscription is changed; inv_" in said
    assert (running.plan_id, running.quantity, running.addons.count()) == (plan.pk, 3, 1)
    assert running.events.order_by("-number")[0].actor.startswith("operator:")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "At least one thing"),
        ({"plan": "nothing"}, "There is no plan nothing."),
        ({"addons": "nothing=2"}, "There is no add-on nothing."),
        ({"addons": "support"}, "Write code=quantity"),
        ({"quantity": 2, "when": "date"}, "An instant is needed."),
        ({"quantity": 2, "when": "date", "date": "2020-01-01 00:00"}, "scheduled for an instant after now"),
        ({"coupon": "NONE"}, "There is no coupon"),
    ],
)
def test_what_does_not_fit_is_said_and_changes_nothing(
    operator: Client, running: Subscription, wrong: dict[str, Any], said: str
) -> None:
    for button in ({"preview": "1"}, {}):
        assert said in send(operator, running, **wrong, **button)
    assert (running.version, ScheduledChange.objects.count()) == (1, 0)


def test_the_form_shows_what_there_is_now_and_a_preview_is_a_table(operator: Client, running: Subscription) -> None:
    addon = make_addon(monthly("5"), name="Support")
    services.add_addon(subscription_id=running.pk, addon_id=addon.pk, quantity=2, actor=SYSTEM, now=clock.now())
    form = operator.get(f"{URL}/{running.pk}/adjust/").content.decode()
    for text in (f"{running.plan.name} ({running.plan.code})", f"Support ({addon.code}) × 2", "10.00 USD"):
        assert text in form
    shown = send(operator, running, preview="1", plan=make_plan(seats("40.00")).code, proration="invoice_now")
    assert '<table class="sums">' in shown.partition("data-preview")[2].partition("</div>")[0]


def test_a_refused_preview_is_marked_as_an_error_above_the_form(operator: Client, running: Subscription) -> None:
    shown = send(operator, running, preview="1", plan="nothing")
    alert = shown.index('role="alert">There is no plan nothing.')
    assert alert < shown.index('name="plan"')
    # Nothing further down takes the focus, and the page with it.
    assert " autofocus" not in shown[shown.index("<form") :]
    assert 'role="alert">At least one thing' in send(operator, running, preview="1")


def test_what_waits_is_found_by_its_customer_and_told_in_words(operator: Client) -> None:
    running = subscribe(make_customer(name="Ada Lovelace", email="ada@example.com"), free_plan())
    plan, addon = make_plan(seats("40.00"), name="Team-Plus"), make_addon(monthly("5"), name="Support")
    wanted = Wanted(plan_id=plan.pk, quantity=4, addons=((addon.pk, 2),))
    services.schedule_change(subscription_id=running.pk, wanted=wanted, actor=SYSTEM, now=clock.now())
    for sought in ("Lovelace", "ada@example.com", running.customer.public_id, running.public_id):
        assert operator.get(f"{CHANGES}/", {"q": sought}).context["cl"].result_count == 1, sought
    listed = operator.get(f"{CHANGES}/").content.decode()
    page = operator.get(f"{URL}/{running.pk}/change/").content.decode()
    own = operator.get(f"{CHANGES}/{ScheduledChange.objects.get().pk}/change/").content.decode()
    for text in (listed, page, own):
        assert "plan Team-Plus; quantity 4; add-on Support × 2" in text
    assert "Ada Lovelace" in listed
    assert plan.public_id not in listed
    assert operator.get(f"{CHANGES}/", {"q": "Hopper"}).context["cl"].result_count == 0


def test_why_a_change_failed_is_said_in_the_list(operator: Client, running: Subscription) -> None:
    row = services.schedule_change(subscription_id=running.pk, wanted=Wanted(quantity=2), actor=SYSTEM, now=clock.now())
    row.settle("failed", at=clock.now(), why="plan_archived: The plan is not sold any more.")
    row.save(update_fields=["state", "settled_at", "error"])
    for page in (f"{CHANGES}/", f"{URL}/{running.pk}/change/"):
        assert '<span class="refused">plan_archived: The plan is not sold' in operator.get(page).content.decode()


def test_names_of_what_waits_cost_no_query_each(operator: Client) -> None:
    def wait_for(number: int) -> int:
        for _ in range(number):
            plan, addon = make_plan(seats("40.00")), make_addon(monthly("5"))
            wanted = Wanted(plan_id=plan.pk, addons=((addon.pk, 2),))
            row = subscribe(make_customer(), free_plan())
            services.schedule_change(subscription_id=row.pk, wanted=wanted, actor=SYSTEM, now=clock.now())
        with CaptureQueriesContext(connection) as captured:
            operator.get(f"{CHANGES}/")
        return len(captured)

    assert wait_for(1) == wait_for(3)


def test_what_waits_is_listed_and_withdrawn(operator: Client, running: Subscription) -> None:
    assert "It will change at" in send(operator, running, quantity=2, when="period_end")
    row = ScheduledChange.objects.get()
    assert "quantity" in operator.get(f"{URL}/{running.pk}/change/").content.decode()
    assert row.public_id in operator.get(f"{CHANGES}/").content.decode()
    path = f"{CHANGES}/{row.pk}/withdraw/"
    response = operator.post(path, {"reason": "asked again"}, follow=True)
    row.refresh_from_db()
    assert (row.state, row.error, "The change is withdrawn." in response.content.decode()) == (
        "withdrawn", "asked again", True,
    )  # fmt: skip


def test_one_for_an_instant_is_scheduled(operator: Client, running: Subscription) -> None:
    at = (clock.now() + timedelta(days=3)).replace(second=0, microsecond=0)
    send(operator, running, quantity=2, when="date", date=f"{at:%Y-%m-%d %H:%M}")
    assert ScheduledChange.objects.get().effective_at == at


def test_who_may_only_look_changes_nothing(running: Subscription) -> None:
    user = get_user_model().objects.create(email="looker@example.com", is_staff=True, is_active=True)
    client = Client()
    client.force_login(user)
    row = services.schedule_change(subscription_id=running.pk, wanted=Wanted(quantity=2), actor=SYSTEM, now=clock.now())
    for path in (f"{URL}/{running.pk}/adjust/", f"{CHANGES}/{row.pk}/withdraw/"):
        assert client.post(path, {"reason": "because", "quantity": 3, "when": "now"}).status_code in (302, 403)
    row.refresh_from_db()
    running.refresh_from_db()
    assert (row.state, running.version) == ("pending", 1)
