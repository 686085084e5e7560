"""The console shows subscriptions with their history, and its buttons call the verbs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import Subscription, VersionMigration
from subscriptions.tests.factories import (
    free_plan,
    make_addon,
    make_customer,
    make_plan,
    monthly,
    publish_prices,
    seats,
    subscribe,
)

pytestmark = pytest.mark.django_db
URL = "/admin/subscriptions/subscription"
MIGRATIONS = "/admin/subscriptions/versionmigration"


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


def press(client: Client, subscription: Subscription, button: str) -> str:
    path = f"{URL}/{subscription.pk}/{button}/"
    assert client.get(path).status_code == 200
    response = client.post(path, {"reason": "asked by phone"}, follow=True)
    assert response.status_code == 200
    subscription.refresh_from_db()
    return str(response.content.decode())


def test_a_subscription_is_found_and_shown_with_its_history(operator: Client) -> None:
    subscription = subscribe(make_customer(email="ada@example.com"), free_plan())
    subscribe(make_customer(email="bob@example.com"), free_plan())
    for sought in ("ada@example.com", subscription.public_id):
        found = operator.get(f"{URL}/", {"q": sought}).content.decode()
        assert subscription.public_id in found
        assert "bob@example.com" not in found
    shown = operator.get(f"{URL}/{subscription.pk}/change/").content.decode()
    assert "created" in shown
    assert f"/admin/billing/invoice/?q={subscription.public_id}" in shown


def history(client: Client, subscription: Subscription) -> str:
    shown = client.get(f"{URL}/{subscription.pk}/change/").content.decode()
    return shown[shown.index('id="events-group"') : shown.index('id="periods-group"')]


def test_its_history_says_in_words_what_changed(operator: Client) -> None:
    basic, team = (
        make_plan(seats(amount, billed="arrears"), name=name)
        for amount, name in (("12", "Basic seats"), ("20", "Team-Plus"))
    )
    addon = make_addon(monthly("9", billed="arrears"), name="Support")
    subscription = subscribe(make_customer(), basic, quantity=3)
    wanted = services.Wanted(plan_id=team.pk, quantity=4, addons=((addon.pk, 2),))
    services.change_subscription(
        subscription_id=subscription.pk, wanted=wanted, when="now", actor=SYSTEM, now=clock.now()
    )
    shown = history(operator, subscription)
    for line in (
        "plan Basic seats → Team-Plus", "quantity 3 → 4", "add-ons none → Support × 2",
        "per month 36.00 USD → 98.00 USD", "plan Basic seats<", "per month 36.00 USD<",
    ):  # fmt: skip
        assert line in shown, line
    assert "field-old_status" not in shown


def test_queries_of_its_page_do_not_grow_with_its_history(operator: Client) -> None:
    subscription = subscribe(make_customer(), make_plan(seats("12", billed="arrears")), quantity=1)

    def counted(quantities: range) -> int:
        for quantity in quantities:
            services.change_subscription(
                subscription_id=subscription.pk, wanted=services.Wanted(quantity=quantity), when="now", actor=SYSTEM,
                now=clock.now(),
            )  # fmt: skip
        with CaptureQueriesContext(connection) as captured:
            history(operator, subscription)
        return len(captured)

    assert counted(range(2, 3)) == counted(range(3, 9))


def test_it_is_canceled_with_a_button_and_says_who_and_why(operator: Client) -> None:
    subscription = subscribe(make_customer(), free_plan())
    shown = press(operator, subscription, "cancel_now")
    last = subscription.events.order_by("-number")[0]
    assert (subscription.status, last.reason, last.comment, last.actor.partition(":")[0]) == (
        "canceled",
        "",
        "asked by phone",
        "operator",
    )
    assert "asked by phone" in shown


def test_it_is_canceled_at_period_end_and_that_is_undone(operator: Client) -> None:
    subscription = subscribe(make_customer(), free_plan())
    press(operator, subscription, "cancel_at_period_end")
    assert (subscription.status, subscription.cancel_at) == ("active", subscription.period_ends_at)
    press(operator, subscription, "undo_cancellation")
    assert subscription.cancel_at is None


def test_a_refusal_is_shown_and_changes_nothing(operator: Client) -> None:
    subscription = subscribe(make_customer(), free_plan(), starts_at=clock.now() + timedelta(days=1))
    before = subscription.version
    shown = press(operator, subscription, "cancel_at_period_end")
    assert "cannot become canceled" in shown
    assert subscription.version == before


def test_subscribers_are_moved_after_a_preview(operator: Client, run_jobs: Callable[[], int]) -> None:
    plan = free_plan()
    subscription = subscribe(make_customer(name="Ada Lovelace"), plan)
    version = publish_prices(plan, monthly("20.00"))
    assert f"{plan.name}, version 2 (sandbox)" in operator.get(f"{MIGRATIONS}/add/").content.decode()
    asked = {"to_version": str(version.pk), "from_version": "", "when": "renewal", "behavior": "next_invoice"}
    assert operator.post(f"{MIGRATIONS}/add/", asked, follow=True).status_code == 200
    migration = VersionMigration.objects.get()
    assert (migration.state, migration.plan_id) == ("pending", plan.pk)
    assert migration.created_by.startswith("operator:")
    page = f"{MIGRATIONS}/{migration.pk}"
    shown = operator.get(f"{page}/change/").content.decode()
    assert "Ada Lovelace" in shown
    assert "20.00 USD" in shown
    operator.post(f"{page}/start_migration/", {"reason": "new prices"})
    run_jobs()
    migration.refresh_from_db()
    subscription.refresh_from_db()
    assert (migration.state, subscription.next_plan_version_id) == ("done", version.pk)
    assert "1 of 1" in operator.get(f"{MIGRATIONS}/").content.decode()
    items = operator.get("/admin/subscriptions/versionmigrationitem/", {"q": migration.public_id}).content.decode()
    assert subscription.public_id in items


def test_versions_of_two_plans_are_no_way(operator: Client) -> None:
    versions = [publish_prices(free_plan(), monthly("20.00")) for _ in range(2)]
    asked = {
        "to_version": str(versions[0].pk), "from_version": str(versions[1].pk), "when": "now", "behavior": "none",
    }  # fmt: skip
    shown = operator.post(f"{MIGRATIONS}/add/", asked).content.decode()
    assert "another version of the same plan" in shown
    assert not VersionMigration.objects.exists()


def test_a_migration_is_stopped_and_resumed_with_buttons(operator: Client, run_jobs: Callable[[], int]) -> None:
    plan = free_plan()
    subscribe(make_customer(), plan)
    publish_prices(plan, monthly("20.00"))
    migration = services.prepare_migration(plan_id=plan.pk, actor=SYSTEM, now=clock.now())
    for button, state in (("start", "running"), ("cancel", "canceled"), ("resume", "running")):
        operator.post(f"{MIGRATIONS}/{migration.pk}/{button}_migration/", {"reason": "as decided"})
        migration.refresh_from_db()
        assert migration.state == state
    run_jobs()
    migration.refresh_from_db()
    assert migration.state == "done"
