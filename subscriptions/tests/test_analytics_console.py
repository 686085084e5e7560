"""The console's analytics: what the API answers, drawn."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.tests.factories import issue, refund, settle
from core.actor import SYSTEM
from core.console import Bar, Chart, drawn, short
from subscriptions import services
from subscriptions.tests.factories import make_customer, make_plan, monthly, subscribe

pytestmark = pytest.mark.django_db
URL = "/admin/subscriptions/mrrmovement/"
JANUARY, FEBRUARY = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 2))


@pytest.fixture
def looker() -> Client:
    """The browser of an operator who may see analytics and nothing else."""
    user: Any = get_user_model().objects.create(email="analyst@perennial.example", is_staff=True, is_active=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_mrrmovement"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def sold(freeze: Callable[[datetime], None]) -> None:
    """Ada at 20.00 and Bob at 10.00 from January on; Bob goes in February, when Eve comes at 5.00 in euros."""
    freeze(JANUARY)
    _, bobs = (
        subscribe(make_customer(), make_plan(monthly(amount, billed="arrears"), family=None)) for amount in ("20", "10")
    )
    paid = settle(issue(900, now=JANUARY), now=JANUARY)
    freeze(FEBRUARY)
    refund(paid, 400, now=FEBRUARY)
    services.cancel_subscription(subscription_id=bobs.pk, at="now", reason="too_complex", actor=SYSTEM, now=FEBRUARY)
    plan = make_plan(monthly("5", billed="arrears", currency="EUR"), family=None)
    subscribe(make_customer(), plan, currency="EUR")


def bars(context: Any, title: str) -> dict[str, tuple[int, int, str]]:
    """The bars of a chart: how long each is and where it begins, in minor units, and what it says."""
    (chart,) = [one for one in context["charts"] if one["title"] == title]
    return {one["bar"].label: (one["bar"].value, one["bar"].base, one["bar"].text) for one in chart["bars"]}


def test_a_waterfall_steps_from_the_start_to_the_end(looker: Client, sold: None) -> None:
    shown = looker.get(URL, {"currency": "USD", "month": "2026-02"}).context
    assert bars(shown, "Waterfall of 2026-02, USD") == {
        "start": (3000, 0, "30.00"), "new": (0, 3000, "0.00"), "reactivation": (0, 3000, "0.00"),
        "expansion": (0, 3000, "0.00"), "contraction": (0, 3000, "0.00"), "churn": (1000, 2000, "-10.00"),
        "end": (2000, 0, "20.00"),
    }  # fmt: skip
    whole = looker.get(URL, {"currency": "USD"}).context
    assert bars(whole, "Waterfall of all months, USD")["new"] == (3000, 0, "30.00")
    assert bars(whole, "Waterfall of all months, USD")["churn"] == (1000, 2000, "-10.00")


def test_each_figure_is_drawn_for_its_currency(looker: Client, sold: None) -> None:
    shown = looker.get(URL, {"currency": "USD"})
    assert bars(shown.context, "Recurring revenue at the end of each month, USD")["Jan 26"] == (3000, 0, "30.00")
    assert bars(shown.context, "Customers lost per month, USD")["Feb 26"] == (1, 0, "1")
    assert bars(shown.context, "Net revenue retention per month, USD")["Feb 26"] == (666, 0, "66.7 %")
    assert bars(shown.context, "Revenue per month, USD")["Jan 26"] == (900, 0, "9.00")
    cash = bars(shown.context, "Cash received less what went back, per month, USD")
    assert (cash["Jan 26"], cash["Feb 26"]) == ((900, 0, "9.00"), (-400, 0, "-4.00"))
    assert "too_complex" in shown.content.decode()
    assert [one["month"] for one in shown.context["cohorts"]] == ["2026-01"]
    assert [one["mrr"] for one in shown.context["cohorts"][0]["cells"]] == ["100.0 %", "66.7 %"]
    euros = looker.get(URL, {"currency": "EUR"})
    assert "USD" not in "".join(one["title"] for one in euros.context["charts"])


def test_what_is_asked_for_and_does_not_exist_is_the_usual(looker: Client, sold: None) -> None:
    usual = looker.get(URL).context
    odd = looker.get(URL, {"currency": "XXX", "month": "2020-01", "environment": "env_nonsense"}).context
    assert [one["title"] for one in odd["charts"]] == [one["title"] for one in usual["charts"]]


def test_any_month_that_has_data_is_chosen_and_its_year_with_it(
    looker: Client, sold: None, freeze: Callable[[datetime], None]
) -> None:
    freeze(datetime(2028, 3, 10, tzinfo=UTC))
    usual = looker.get(URL, {"currency": "USD"}).context
    assert [one["title"] for one in usual["chosen_year"]] == ["Last twelve months", "2028", "2027", "2026"]
    assert usual["table"][0][0] == "2027-04"
    asked = looker.get(URL, {"currency": "USD", "month": "2026-02"})
    assert bars(asked.context, "Waterfall of 2026-02, USD")["churn"] == (1000, 2000, "-10.00")
    assert [month for month, _ in asked.context["table"]] == [*(f"2026-{n:02}" for n in range(1, 13)), "all"]
    assert [one["title"] for one in asked.context["chosen_year"] if one["is_on"]] == ["2026"]
    # The year that runs is told as far as it has come, and each month of it can be chosen.
    running = looker.get(URL, {"currency": "USD", "year": "2028"}).context
    assert [one["title"] for one in running["chosen_month"]] == ["All months", "2028-01", "2028-02", "2028-03"]
    assert "year=2028" in running["chosen_month"][1]["query"]


@pytest.mark.parametrize("month", ["2019-12", "2026-13", "nonsense"])
def test_a_month_of_which_nothing_is_known_is_said_to_be_so(looker: Client, sold: None, month: str) -> None:
    assert f"Nothing is known of {month}" in looker.get(URL, {"month": month}).content.decode()
    assert "Nothing is known" not in looker.get(URL, {"month": "2026-02"}).content.decode()


def test_the_table_leaves_the_currency_to_its_heading(looker: Client, sold: None) -> None:
    table = dict(looker.get(URL, {"currency": "USD"}).context["table"])
    assert table["2026-02"][:7] == ("30.00", "0.00", "0.00", "0.00", "0.00", "-10.00", "20.00")


def test_an_environment_in_which_nothing_moved_says_so(looker: Client, sold: None, live_environment: Any) -> None:
    pills = {one["title"]: one for one in looker.get(URL).context["environments"]}
    (sandbox,) = [one for one in pills.values() if one["is_on"]]
    assert sandbox["title"].endswith("sandbox")
    live = next(one for title, one in pills.items() if title.endswith("live"))
    assert "Nothing has moved here yet" in looker.get(f"{URL}?{live['query']}").content.decode()


def test_queries_do_not_grow_with_what_moved(looker: Client, sold: None) -> None:
    looker.get(URL)
    with CaptureQueriesContext(connection) as few:
        looker.get(URL)
    for currency in ("USD", "EUR", "GBP"):
        for _ in range(3):
            plan = make_plan(monthly("5", billed="arrears", currency=currency), family=None)
            subscribe(make_customer(), plan, currency=currency, now=FEBRUARY)
    with CaptureQueriesContext(connection) as many:
        looker.get(URL)
    assert len(many) == len(few) <= 20


def test_who_may_not_see_analytics_does_not(sold: None) -> None:
    user: Any = get_user_model().objects.create(email="new@perennial.example", is_staff=True, is_active=True)
    client = Client()
    client.force_login(user)
    assert client.get(URL).status_code == 403


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [(999999, "USD", "9999.99"), (1000000, "USD", "10.0k"), (-123456789, "USD", "-1234.6k"), (10**9, "USD", "10.0M"),
     (500, "JPY", "500")],
)  # fmt: skip
def test_an_amount_fits_above_its_bar(minor: int, currency: str, expected: str) -> None:
    assert short(minor, currency) == expected


def test_bars_of_a_chart_may_float() -> None:
    chart = Chart(title="Steps", bars=[Bar(label="a", value=50, text=""), Bar(label="b", value=50, text="", base=150)])
    assert [(one["percent"], one["base"]) for one in drawn(chart)["bars"]] == [(25, 0), (25, 75)]
