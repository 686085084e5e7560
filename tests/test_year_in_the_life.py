"""Fourteen months of one subscriber over the API, in a sandbox whose clock is moved; every invoice worked out by hand.

From 2026-01-15 to 2027-03-15: a coupon and its end, an upgrade, a downgrade, a pause, a declined card and recovery, a
cancellation, and a win-back.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.models import Journal
from core import invariants, tenancy
from core.actor import SYSTEM
from featureflags import services as flags
from jobs.time_travel import travel
from payments.models import SandboxCharge
from tests.fixtures import NOW, Api

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

GOOD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
# Attaches, and is declined when it is charged.
BAD = GOOD | {"number": "4000000000000341"}
Freeze = Callable[[datetime], None]


def noon(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 12, 0, tzinfo=UTC)


class Life:
    """A customer of a shop, and the clock of the sandbox."""

    def __init__(self, api: Api, freeze: Freeze, run_jobs: Callable[[], int]) -> None:
        self.api, self.freeze, self.run = api, freeze, run_jobs
        self.freeze(NOW)
        self.basic, self.pro = self._plan("basic", "30.00"), self._plan("pro", "60.00")
        coupon = {"code": "HELLO", "name": "Hello", "percent": "10", "duration": "repeating", "cycles": 2}
        self.post("coupons", coupon)
        self.customer = self.post("customers", {"email": "ada@acme.example", "name": "Ada", "country": "US"})["id"]
        self.card(GOOD)
        self.id = ""

    def _plan(self, code: str, amount: str) -> str:
        price = {"name": "Base", "currency": "USD", "unit_amount": amount, "interval": "month"}
        plan: str = self.post("plans", {"code": code, "name": code.title(), "prices": [price], "publish": True})["id"]
        return plan

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """This function will post, expect success, and do what comes of it."""
        answer = self.api.post(f"/api/v1/{path}", body)
        assert answer.status_code < 300, answer.content
        self.run()
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str, **query: Any) -> Any:
        answer = self.api.get(f"/api/v1/{path}", **query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def card(self, card: dict[str, Any]) -> None:
        self.post("payment-methods", {"customer": self.customer, "card": card, "is_default": True})

    def subscribe(self, plan: str, **more: Any) -> None:
        self.id = self.post("subscriptions", {"customer": self.customer, "plan": plan, **more})["id"]

    def ask(self, verb: str, **body: Any) -> dict[str, Any]:
        return self.post(f"subscriptions/{self.id}/{verb}", body)

    def until(self, instant: datetime) -> None:
        """This function will move the clock; everything due on the way happens at its own instant."""
        while not travel(tenancy.environment_id(), to=instant):
            pass
        self.freeze(instant)

    def status(self) -> str:
        return str(self.get(f"subscriptions/{self.id}")["status"])

    def invoices(self) -> list[tuple[str, int]]:
        """This function will return the state and the total of each invoice, the oldest first."""
        rows = self.get("invoices", customer=self.customer, limit=100)["data"]
        return [(row["state"], row["total_minor"]) for row in reversed(rows)]


@pytest.fixture
def life(api: Api, freeze: Freeze, run_jobs: Callable[[], int]) -> Life:
    flags.set_override(name="advanced_analytics", is_on=True, actor=SYSTEM, now=NOW)
    return Life(api, freeze, run_jobs)


def test_a_year_in_the_life(life: Life) -> None:
    expected: list[tuple[str, int]] = []

    # January 15, basic at 30.00 less 10 %: 27.00. The coupon lasts for two cycles.
    life.subscribe(life.basic, coupons=["HELLO"])
    expected += [("paid", 2700)]
    assert (life.status(), life.invoices()) == ("active", expected)

    # February 15: 27.00 once more. March 15: the coupon is over, 30.00.
    life.until(noon(3, 20))
    expected += [("paid", 2700), ("paid", 3000)]
    assert life.invoices() == expected

    # The period runs from March 15 to April 15, 31 days, at noon; half of it is left at midnight before March 31.
    # Upgraded then: 30.00 / 2 = 15.00 comes back, 60.00 / 2 = 30.00 is charged, 15.00 is due at once.
    life.until(datetime(2026, 3, 31, tzinfo=UTC))
    change = {"plan": life.pro, "proration": "invoice_now"}
    preview = life.ask("change/preview", **change)
    life.ask("change", **change)
    expected += [("paid", 1500)]
    assert preview["invoice"]["total_minor"] == 1500
    assert life.invoices() == expected

    # April 15: pro at 60.00. On the 20th a downgrade is scheduled for the period's end: May 15 is 30.00 again.
    life.until(noon(4, 20))
    life.ask("change", plan=life.basic, at="period_end")
    expected += [("paid", 6000)]
    assert life.invoices() == expected
    life.until(noon(5, 16))
    expected += [("paid", 3000)]
    assert life.invoices() == expected

    # Paused from May 25 to June 14, 20 days, which are given back: the period ends on July 5 instead of June 15.
    life.until(noon(5, 25))
    life.ask("pause", until="2026-06-14T12:00:00Z", policy="give_back")
    assert life.status() == "paused"
    life.until(noon(6, 20))
    assert (life.status(), life.invoices()) == ("active", expected)
    assert life.get(f"subscriptions/{life.id}")["period_ends_at"] == "2026-07-05T12:00:00Z"

    # July 5: the card is declined, 30.00 stay open; tried again on the 7th, in vain. On the 10th a new card pays it.
    life.card(BAD)
    life.until(noon(7, 8))
    assert (life.status(), life.invoices()) == ("past_due", [*expected, ("open", 3000)])
    life.until(noon(7, 10))
    life.card(GOOD)
    expected += [("paid", 3000)]
    assert (life.status(), life.invoices()) == ("active", expected)

    # August, September, October 5: 30.00 each. Canceled on October 20 for the end of what is paid, November 5.
    life.until(noon(10, 20))
    expected += [("paid", 3000)] * 3
    life.ask("cancel", at="period_end", reason="too_expensive")
    life.until(noon(11, 30))
    assert (life.status(), life.invoices()) == ("canceled", expected)

    # Won back on December 1 with pro: 60.00 then, and on the first of January, February and March.
    life.until(noon(12, 1))
    life.subscribe(life.pro)
    life.until(noon(3, 15, 2027))
    expected += [("paid", 6000)] * 4
    assert (life.status(), life.invoices()) == ("active", expected)

    # 2 x 27.00 + 30.00 + 15.00 + 60.00 + 30.00 + 30.00 + 3 x 30.00 + 4 x 60.00 = 549.00, each charged once.
    charged = SandboxCharge.objects.filter(kind="charge", status="succeeded").values_list("amount_minor", flat=True)
    assert sum(charged) == sum(total for _, total in expected) == 54900
    assert Journal.objects.exists()
    assert {one.code: found for one in invariants.rules() if (found := invariants.broken(one.code))} == {}


def test_what_moved_in_that_year_adds_up(life: Life) -> None:
    life.subscribe(life.basic)
    life.until(noon(2, 1))
    life.ask("change", plan=life.pro, proration="invoice_now")
    life.until(noon(2, 10))
    life.ask("cancel", at="now", reason="unused")
    life.until(noon(4, 1))
    life.subscribe(life.basic)
    life.until(noon(5, 1))

    # New at 30.00 in January; 30.00 more and then 60.00 lost in February; nothing in March; 30.00 again in April.
    (usd,) = life.get("analytics/mrr", **{"from": "2026-01", "to": "2026-04"})["data"]
    moved = ("start", "new", "reactivation", "expansion", "contraction", "churn", "end")
    found = [[month[f"{name}_minor"] for name in moved] for month in usd["months"]]
    assert usd["currency"] == "USD"
    assert found == [
        [0, 3000, 0, 0, 0, 0, 3000], [3000, 0, 0, 3000, 0, 6000, 0], [0, 0, 0, 0, 0, 0, 0], [0, 0, 3000, 0, 0, 0, 3000],
    ]  # fmt: skip
