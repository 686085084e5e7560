"""`/api/billing/new-flow` and `/api/analytics/advanced` exist while their flags are on."""

from datetime import UTC, datetime

import pytest

from accounts.tests.factories import make_key
from billing.tests.factories import issue, refund, settle
from core.actor import SYSTEM
from featureflags import services as flags
from tests.fixtures import NOW, Api

pytestmark = pytest.mark.django_db

FLOW, ANALYTICS = "/api/billing/new-flow", "/api/analytics/advanced"
FEBRUARY = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture
def backend() -> Api:
    return Api(make_key())


def switch_on(name: str) -> None:
    flags.set_override(name=name, is_on=True, actor=SYSTEM, now=NOW)


@pytest.mark.parametrize(("path", "flag"), [(FLOW, "new_billing_flow"), (ANALYTICS, "advanced_analytics")])
def test_while_its_flag_is_off_a_route_is_unavailable(backend: Api, path: str, flag: str) -> None:
    response = backend.get(path)
    assert response.status_code == 503
    assert (response.json()["code"], response.json()["feature_flag"]) == ("feature_unavailable", flag)


def test_the_flow_answers_its_version_and_counts(backend: Api) -> None:
    switch_on("new_billing_flow")
    issue(1000)
    settle(issue(1000))
    assert backend.get(FLOW).json() == {
        "version": 1, "invoices": {"draft": 0, "open": 1, "paid": 1, "void": 0, "uncollectible": 0},
    }  # fmt: skip


def test_analytics_answer_revenue_and_cash_by_month_and_currency(backend: Api) -> None:
    switch_on("advanced_analytics")
    paid = settle(issue(1000), now=FEBRUARY)
    refund(paid, 300, now=FEBRUARY)
    issue(500, currency="EUR")
    assert backend.get(ANALYTICS).json() == {
        "months": [
            {"month": "2026-01-01", "currency": "EUR", "revenue_minor": 500, "refunds_minor": 0, "cash_minor": 0},
            {"month": "2026-01-01", "currency": "USD", "revenue_minor": 1000, "refunds_minor": 0, "cash_minor": 0},
            {"month": "2026-02-01", "currency": "USD", "revenue_minor": 0, "refunds_minor": 300, "cash_minor": 700},
        ]
    }  # fmt: skip
