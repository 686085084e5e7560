"""`/analytics/…`: the months of three customers in dollars and one in euros, with figures worked out by hand."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_key, register
from billing.services import mark_uncollectible
from billing.tests.credit_notes.builders import credit
from billing.tests.factories import issue, refund, settle
from core import clock, tenancy
from core.actor import SYSTEM
from core.tenancy import Scope
from featureflags.services import set_override
from subscriptions import selectors, services
from subscriptions.admin._subscriptions import reasons_for_leaving
from subscriptions.models import MrrMovement, Subscription
from subscriptions.months import Months
from subscriptions.tests.factories import make_addon, make_customer, make_plan, monthly, subscribe
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
ROUTES = ("mrr", "churn", "cohorts", "revenue", "cash")
JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 2, 3))
Freeze = Callable[[datetime], None]


@pytest.fixture
def analytics_on(freeze: Freeze) -> None:
    """The feature is switched on, and the clock stands in January."""
    freeze(JANUARY)
    set_override(name="advanced_analytics", is_on=True, actor=SYSTEM, now=JANUARY)


@pytest.fixture
def year(analytics_on: None, freeze: Freeze) -> None:
    """Ada pays 20.00 a month, Bob 120.00 a year and Cy 10.00 a week from January on, and Eve 5.00 in euros.

    In February Ada takes an add-on of 7.00, and Bob goes. In March Ada gives it up, and Bob is back at 30.00 a month.
    Everything is paid in arrears, so that it runs at once.
    """
    ada, bob, cy, eve = (make_customer() for _ in range(4))
    hers = sold(ada, "20")
    his = sold(bob, "120", interval="year")
    sold(cy, "10", interval="week")
    sold(eve, "5", currency="EUR")
    freeze(FEBRUARY)
    addon = make_addon(monthly("7"))
    item = services.add_addon(subscription_id=hers.pk, addon_id=addon.pk, actor=SYSTEM, now=FEBRUARY)
    services.cancel_subscription(subscription_id=his.pk, at="now", reason="too_expensive", actor=SYSTEM, now=FEBRUARY)
    freeze(MARCH)
    services.remove_addon(subscription_id=hers.pk, item_id=item.pk, actor=SYSTEM, now=MARCH)
    sold(bob, "30")


def sold(customer: Any, amount: str, **price: Any) -> Subscription:
    plan = make_plan(monthly(amount, billed="arrears", **price), family=None)
    return subscribe(customer, plan, currency=price.get("currency", "USD"))


def told(api: Api, route: str, **query: str) -> Any:
    answer = api.get(f"/api/v1/analytics/{route}", **({"from": "2026-01", "to": "2026-03"} | query))
    assert answer.status_code == 200, answer.content
    return answer.json()


def rows(body: Any, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(month[name] for name in names) for month in body["months"]]


def test_the_waterfall_of_each_month(api: Api, year: None) -> None:
    body = told(api, "mrr")
    assert (body["from"], body["to"], [one["currency"] for one in body["data"]]) == (
        "2026-01",
        "2026-03",
        ["EUR", "USD"],
    )
    euros, dollars = body["data"]
    names = ("month", "start_minor", "new_minor", "reactivation_minor", "expansion_minor", "contraction_minor",
             "churn_minor", "end_minor")  # fmt: skip
    # 20.00 + 120.00 / 12 + 10.00 × 52 / 12 = 73.33; + 7.00 − 10.00 = 70.33; + 30.00 − 7.00 = 93.33.
    assert rows(dollars, *names) == [
        ("2026-01", 0, 7333, 0, 0, 0, 0, 7333),
        ("2026-02", 7333, 0, 0, 700, 0, 1000, 7033),
        ("2026-03", 7033, 0, 3000, 0, 700, 0, 9333),
    ]
    assert tuple(dollars["total"][name] for name in names) == ("2026-01", 0, 7333, 3000, 700, 700, 1000, 9333)
    assert rows(euros, *names) == [
        ("2026-01", 0, 500, 0, 0, 0, 0, 500),
        ("2026-02", 500, 0, 0, 0, 0, 0, 500),
        ("2026-03", 500, 0, 0, 0, 0, 0, 500),
    ]


def test_the_identity_holds_in_every_month_and_over_all(api: Api, year: None) -> None:
    for one in told(api, "mrr", **{"from": "2025-12", "to": "2026-04"})["data"]:
        for month in (*one["months"], one["total"]):
            gained = month["new_minor"] + month["reactivation_minor"] + month["expansion_minor"]
            lost = month["contraction_minor"] + month["churn_minor"]
            assert month["start_minor"] + gained - lost == month["end_minor"], month
        ends = [month["end_minor"] for month in one["months"]]
        assert [month["start_minor"] for month in one["months"]] == [0, *ends[:-1]]


def test_what_began_before_the_range_is_where_it_starts(api: Api, year: None) -> None:
    march = told(api, "mrr", currency="USD", **{"from": "2026-03"})["data"][0]
    assert rows(march, "start_minor", "end_minor") == [(7033, 9333)]


def test_churn_by_customers_and_by_money(api: Api, year: None) -> None:
    euros, dollars = told(api, "churn")["data"]
    counts = ("customers_start", "customers_new", "customers_reactivated", "customers_churned", "customers_end")
    assert rows(dollars, *counts) == [(0, 3, 0, 0, 3), (3, 0, 0, 1, 2), (2, 0, 1, 0, 3)]
    rates = ("customer_churn_rate", "gross_churn_rate", "net_retention_rate")
    # 1 of 3; 10.00 of 73.33; 70.33 of 73.33. 0 of 2; 7.00 of 70.33; 63.33 of 70.33.
    assert rows(dollars, *rates) == [
        (None, None, None), ("0.333333", "0.13637", "0.959089"), ("0", "0.099531", "0.900469"),
    ]  # fmt: skip
    assert dollars["reasons"] == [{"reason": "too_expensive", "customers": 1, "mrr_minor": 1000}]
    assert (euros["reasons"], euros["total"]["customers_end"]) == ([], 1)


def test_only_endings_have_reasons_and_free_texts_no_row_of_their_own(
    api: Api, analytics_on: None, freeze: Freeze
) -> None:
    freeze(JANUARY)
    rests, leaves, goes, goes_too, silent = (sold(make_customer(), "10") for _ in range(5))
    freeze(FEBRUARY)
    about: dict[str, Any] = {"actor": SYSTEM, "now": FEBRUARY}
    services.pause_subscription(subscription_id=rests.pk, reason="a holiday", **about)
    services.pause_subscription(subscription_id=leaves.pk, **about)
    for row, reason in ((goes, "too dear for me"), (goes_too, "moving abroad"), (silent, "")):
        services.cancel_subscription(subscription_id=row.pk, at="now", reason=reason, **about)
    [dollars] = told(api, "churn")["data"]
    assert rows(dollars, "customers_churned")[1] == (5,)
    assert dollars["reasons"] == [
        {"reason": "other", "customers": 2, "mrr_minor": 2000}, {"reason": "", "customers": 1, "mrr_minor": 1000},
    ]  # fmt: skip
    assert [bar.label for chart in reasons_for_leaving() for bar in chart.bars] == ["other"]


def test_rates_tell_of_those_alone_who_were_there_at_the_start(api: Api, analytics_on: None, freeze: Freeze) -> None:
    freeze(JANUARY)
    stays, rests, goes = sold(make_customer(), "20"), sold(make_customer(), "10"), sold(make_customer(), "5")
    freeze(FEBRUARY)
    fleeting = sold(make_customer(), "100")
    for row in (rests, fleeting, goes):
        services.cancel_subscription(subscription_id=row.pk, at="now", actor=SYSTEM, now=FEBRUARY)
    services.add_addon(subscription_id=stays.pk, addon_id=make_addon(monthly("20")).pk, actor=SYSTEM, now=FEBRUARY)
    sold(rests.customer, "7")
    (dollars,) = told(api, "churn", **{"from": "2026-01", "to": "2026-02"})["data"]
    names = ("customers_churned", "customers_lost", "lost_minor", "kept_minor")
    # Of 35.00: 20.00 became 40.00, 10.00 became 7.00, 5.00 is gone. The 100.00 that came and went count nowhere.
    assert rows(dollars, *names) == [(0, 0, 0, 0), (3, 1, 800, 4700)]
    rates = ("customer_churn_rate", "gross_churn_rate", "net_retention_rate")
    assert rows(dollars, *rates)[1] == ("0.333333", "0.228571", "1.342857")
    (february,) = told(api, "churn", **{"from": "2026-02", "to": "2026-02"})["data"]
    told_at_once = [february["total"][name] for name in (*names, *rates)]
    assert told_at_once == [3, 1, 800, 4700, "0.333333", "0.228571", "1.342857"]


def test_cohorts_keep_customers_and_money(api: Api, year: None, freeze: Freeze) -> None:
    sold(make_customer(), "8")  # new in March
    january, march = told(api, "cohorts", currency="USD")["data"]
    assert (january["month"], january["customers"], january["mrr_minor"]) == ("2026-01", 3, 7333)
    assert rows(january, "number", "month", "customers", "mrr_minor", "customer_rate", "mrr_rate") == [
        (0, "2026-01", 3, 7333, "1", "1"),
        (1, "2026-02", 2, 7033, "0.666667", "0.959091"),
        (2, "2026-03", 3, 9333, "1", "1.272727"),
    ]
    assert rows(march, "number", "customers", "mrr_minor") == [(0, 1, 800)]


def test_revenue_and_cash_are_the_books(api: Api, analytics_on: None) -> None:
    paid = settle(issue(1000, now=JANUARY), now=JANUARY)
    issue(400, now=FEBRUARY)
    refund(paid, 300, now=MARCH)
    issue(500, currency="EUR", now=FEBRUARY)
    euros, dollars = told(api, "revenue")["data"]
    assert rows(dollars, "earned_minor", "credited_minor", "revenue_minor", "tax_minor", "written_off_minor") == [
        (1000, 0, 1000, 0, 0), (400, 0, 400, 0, 0), (0, 0, 0, 0, 0),
    ]  # fmt: skip
    assert (dollars["total"]["revenue_minor"], euros["total"]["revenue_minor"]) == (1400, 500)
    nothing, cash = told(api, "cash")["data"]
    assert (nothing["currency"], nothing["total"]["cash_minor"]) == ("EUR", 0)
    assert rows(cash, "received_minor", "paid_back_minor", "cash_minor") == [(1000, 0, 1000), (0, 0, 0), (0, 300, -300)]
    assert (cash["currency"], cash["total"]["cash_minor"]) == ("USD", 700)


def test_what_is_credited_or_given_up_is_seen(api: Api, analytics_on: None) -> None:
    credit(issue(1000, now=JANUARY), 250, now=FEBRUARY)
    mark_uncollectible(invoice_id=issue(400, now=JANUARY).id, reason="gone", actor=SYSTEM, now=MARCH)
    (dollars,) = told(api, "revenue")["data"]
    assert rows(dollars, "earned_minor", "credited_minor", "revenue_minor", "written_off_minor") == [
        (1400, 0, 1400, 0), (0, 250, -250, 0), (0, 0, 0, 400),
    ]  # fmt: skip


@pytest.mark.parametrize("route", ROUTES)
def test_while_the_feature_is_off_a_route_is_unavailable(api: Api, route: str) -> None:
    answer = api.get(f"/api/v1/analytics/{route}")
    assert answer.status_code == 503
    assert (answer.json()["code"], answer.json()["feature_flag"]) == ("feature_unavailable", "advanced_analytics")


@pytest.mark.parametrize("route", ROUTES)
def test_queries_do_not_grow_with_months_customers_or_currencies(
    api: Api, year: None, freeze: Freeze, route: str
) -> None:
    issue(500, now=JANUARY)
    told(api, route)  # the key's use is noted
    with CaptureQueriesContext(connection) as few:
        told(api, route, **{"from": "2026-03"}, currency="USD")
    for currency in ("GBP", "NOK", "JPY"):
        sold(make_customer(), "10", currency=currency)
        issue(500, currency=currency, now=FEBRUARY)
    with CaptureQueriesContext(connection) as many:
        assert len(told(api, route, **{"from": "2021-04"})["data"]) >= 4
    asked = [one["sql"] for one in many if "mrrmovement" in one["sql"] or "billing_posting" in one["sql"]]
    assert len(asked) == (3 if route == "churn" else 1)
    assert len(many) == len(few)


def asked_by(ask: Callable[..., Any]) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        ask(Months.asked("2026-01", "2026-03", now=MARCH))
    return [str(one["sql"]) for one in asked]


def plan_of(statement: str) -> str:
    """How the database would look for something, were there too much to read everything."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize(
    ("ask", "table", "index", "columns"),
    [
        (selectors.list_waterfalls, "subscriptions_mrrmovement", "subscriptions_mrr_over_time", "currency, at"),
        (selectors.list_ledgers, "billing_journal", "billing_journal_over_time", "at"),
    ],
)
def test_months_can_be_found_by_an_index(
    year: None, ask: Callable[..., Any], table: str, index: str, columns: str
) -> None:
    """Which one is taken depends on how many rows there are; that one can serve does not."""
    (statement,) = asked_by(ask)
    bare = r"(?<![\w(.])(?:\w+\.)?{} '"
    assert all(re.search(bare.format(what), statement) for what in ("environment_id =", "at >=", "at <")), statement
    assert f"Seq Scan on {table}" not in plan_of(statement)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index])
        (definition,) = cursor.fetchone()
    assert f"USING btree (environment_id, {columns})" in definition


@pytest.mark.parametrize("ask", [selectors.list_churn, selectors.list_cohorts])
def test_customers_are_followed_without_reading_other_environments(year: None, ask: Callable[..., Any]) -> None:
    """Which index serves best depends on how many there are; each that may serve begins with the environment."""
    for plan in map(plan_of, asked_by(ask)):
        assert "Seq Scan on subscriptions_mrrmovement" not in plan
        assert re.search(r"Index Cond: \(+environment_id = ", plan), plan


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"from": "2026-1"}, "from"), ({"from": "2026-02", "to": "2026-01"}, "from"), ({"to": "soon"}, "to"),
        ({"currency": "usd"}, "currency"), ({"month": "2026-01"}, "month"), ({"from": "1999-01"}, "from"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(
    api: Api, analytics_on: None, route: str, query: dict[str, str], parameter: str
) -> None:
    answer = api.get(f"/api/v1/analytics/{route}", **query)
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


@pytest.mark.parametrize("route", ROUTES)
def test_only_who_may_read_analytics_sees_them(analytics_on: None, route: str) -> None:
    assert Api(make_key(["analytics:read"])).get(f"/api/v1/analytics/{route}").status_code == 200
    assert Api(make_key(["invoices:read"])).get(f"/api/v1/analytics/{route}").status_code == 403
    _, tokens = register()
    customer = Api("")
    customer.headers = {"Authorization": f"Bearer {tokens.access_token}"}
    assert customer.get(f"/api/v1/analytics/{route}").status_code == 403


@pytest.mark.parametrize("route", ROUTES)
def test_another_environment_is_not_in_it(
    api: Api, year: None, stranger_api: Api, live_environment: Scope, route: str
) -> None:
    issue(500, now=JANUARY)
    mine = told(api, route)
    with tenancy.scope(live_environment):
        set_override(name="advanced_analytics", is_on=True, actor=SYSTEM, now=clock.now())
        assert MrrMovement.objects.count() == 0
    assert told(stranger_api, route)["data"] == []
    with tenancy.scope(live_environment):
        sold(make_customer(), "99")
        issue(500)
    assert told(api, route) == mine
