"""A card that fails, told over the API with a clock that is moved: how it ends, and how it is put right."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core import mail

from jobs import time_travel
from tests.fixtures import Api
from tests.scenario import CARD
from tests.shared import environment_called

pytestmark = pytest.mark.django_db
# Attaches, and is declined when it is charged.
FAILS_LATER = CARD | {"number": "4000000000000341"}
PRICE = {"name": "Base", "currency": "USD", "unit_amount": "20.00", "interval": "month"}
LIMIT = {"code": "seats", "name": "Seats", "kind": "static", "value": "3"}
Run = Callable[[], int]


class Shop:
    """A company with one subscriber, whose second month cannot be charged."""

    def __init__(self, api: Api, run: Run) -> None:
        self.api, self.run = api, run
        plan = self.post(
            "plans", {"code": "pro", "name": "Pro", "prices": [PRICE], "features": [LIMIT], "publish": True}
        )
        self.customer = self.post("customers", {"email": "ada@example.com", "name": "Ada"})["id"]
        self.attach(CARD)
        self.subscription = self.post("subscriptions", {"customer": self.customer, "plan": plan["id"]})["id"]
        self.run()
        self.attach(FAILS_LATER)
        self.move(until=self.get(f"subscriptions/{self.subscription}")["renews_at"])

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """This function will post a body and return what is answered."""
        answer = self.api.post(f"/api/v1/{path}", body)
        assert answer.status_code < 300, answer.content
        return answer.json()

    def get(self, path: str, **query: str) -> Any:
        """This function will return what is shown."""
        return self.api.get(f"/api/v1/{path}", **query).json()

    def attach(self, card: dict[str, Any]) -> None:
        """This function will put in a card, and let the workers work."""
        self.post("payment-methods", {"customer": self.customer, "card": card})
        self.run()

    def move(self, *, until: str = "", days: int = 0) -> None:
        """This function will move the sandbox's clock to an instant, or by some days, and wait until it is there."""
        here = environment_called("sandbox")
        wanted = {"to": until} if until else {"by_days": days}
        moving = self.post(f"environments/{here.public_id}/clock/advance", wanted)
        assert time_travel.travel(here.pk, to=datetime.fromisoformat(moving["advancing_to"]))

    @property
    def case(self) -> Any:
        """The only case there is."""
        [found] = self.get("dunning", reference=self.subscription)["data"]
        return found

    def days(self, kind: str) -> list[int]:
        """This function will return the days after the first failure on which something was tried."""
        case = self.case
        began = datetime.fromisoformat(case["first_failure_at"])
        return [(datetime.fromisoformat(one["at"]) - began).days for one in case["steps"] if one["kind"] == kind]

    def state(self) -> tuple[str, str, int]:
        """This function will return the subscription's state, the case's, and how many entitlements there are."""
        held = self.get("entitlements", customer=self.customer)["data"]
        return self.get(f"subscriptions/{self.subscription}")["status"], self.case["state"], len(held)


@pytest.fixture
def shop(api: Api, run_jobs: Run) -> Shop:
    """The company on the day on which the card failed."""
    return Shop(api, run_jobs)


def test_days_2_7_14_and_21_pass_and_it_is_canceled(shop: Shop) -> None:
    assert shop.state() == ("past_due", "open", 1)
    shop.move(days=21)
    assert shop.days("scheduled") == [2, 7, 14, 21]
    assert shop.state() == ("canceled", "exhausted", 0)
    told = [one.subject for one in mail.outbox if "Payment" in one.subject]
    assert [("failed" in one, "not collected" in one) for one in told] == [(True, False)] * 4 + [(False, True)]


def test_a_new_card_on_day_7_puts_it_right(shop: Shop) -> None:
    shop.move(days=7)
    shop.attach(CARD)
    assert (shop.days("scheduled"), shop.days("new_method")) == ([2, 7], [7])
    assert shop.state() == ("active", "recovered", 1)
    shop.move(days=60)
    assert len(shop.get("dunning")["data"]) == 1
    invoices = shop.get("invoices", reference=shop.subscription)["data"]
    assert {one["state"] for one in invoices} == {"paid"}
    assert len(invoices) == 4
