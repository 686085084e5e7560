"""What a customer is told before he changes what he has: exactly what it will cost, and nothing happens."""

from typing import Any

import pytest

from core.actor import SYSTEM
from core.clock import now as clock_now
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.services import Wanted
from subscriptions.tests.api.test_own_subscriptions import OWN, Person, decide, person, state
from subscriptions.tests.factories import attach_card, free_plan, make_customer, make_plan, seats, subscribe
from tests.fixtures import Api, do_all_jobs

__all__ = ["person"]
pytestmark = pytest.mark.django_db
PREVIEW = "change/preview"


@pytest.fixture
def payer(environment: Any) -> Person:
    """A customer who pays 20.00 USD a month for a seat."""
    payer = Person()
    customer = payer.row.customer
    attach_card(customer)
    payer.row = subscribe(customer, make_plan(seats("20.00"), family=None), now=clock_now())
    do_all_jobs()
    payer.row.refresh_from_db()
    assert payer.row.status == "active"
    return payer


def test_it_tells_what_the_change_then_costs(payer: Person) -> None:
    """A preview needs no key, and asked twice it answers the same."""
    body = {"quantity": 3, "at": "period_end"}
    before = state()
    answer = payer.api.client.post(
        f"{OWN}/{payer.row.public_id}/{PREVIEW}", body, content_type="application/json", headers=payer.api.headers
    )
    assert (answer.status_code, state()) == (200, before)
    told = answer.json()
    assert (told["invoice"], told["renewal"]["total_minor"]) == (None, 6000)
    assert payer.post(PREVIEW, body) == (200, told)
    status, made = payer.post("change", body)
    assert (status, made["change"]["takes_effect_at"]) == (200, told["takes_effect_at"])


def test_what_is_due_now_is_what_is_invoiced(payer: Person) -> None:
    """A dearer plan of another interval is charged at once, and so it was told."""
    wanted = {"plan": make_plan(seats("200.00", interval="year"), family=None).public_id}
    before = state()
    status, told = payer.post(PREVIEW, wanted)
    assert (status, state()) == (200, before)
    status, made = payer.post("change", wanted)
    assert status == 200
    invoice = payer.api.get(f"/api/v1/invoices/{made['invoice']}").json()
    assert [line["amount_minor"] for line in told["invoice"]["lines"]] == [
        line["amount_minor"] for line in invoice["lines"]
    ]
    assert told["invoice"]["total_minor"] == invoice["total_minor"] > 0


@pytest.mark.parametrize("body", [{"quantity": 2}, {"quantity": 2, "at": "period_end"}])
def test_where_he_may_not_change_he_asks_in_vain(person: Person, body: dict[str, Any]) -> None:
    decide(customer_verbs=["cancel", "pause", "renew", "resume"])
    before = state()
    status, told = person.post(PREVIEW, body)
    assert (status, told["code"], told["verb"]) == (403, "not_allowed_to_customers", "change")
    assert state() == before


def test_what_waits_for_then_is_in_the_way_whoever_scheduled_it(person: Person) -> None:
    """Asking refuses what changing refuses: of what waits one has to be withdrawn, or replaced, first."""
    body = {"quantity": 4, "at": "period_end"}
    assert person.post("change", body | {"quantity": 2})[0] == 200
    assert person.post(PREVIEW, body)[1]["code"] == person.post("change", body)[1]["code"] == "change_already_scheduled"
    (own,) = person.api.get(f"{OWN}/{person.row.public_id}/schedule", state="pending").json()["data"]
    assert person.api.post(f"{OWN}/{person.row.public_id}/schedule/{own['id']}/withdraw").status_code == 200
    services.schedule_change(subscription_id=person.row.pk, wanted=Wanted(quantity=3), actor=SYSTEM, now=clock_now())
    before = state()
    status, told = person.post(PREVIEW, body)
    assert (status, told["code"]) == (409, "change_already_scheduled")
    assert state() == before


@pytest.mark.parametrize("member", ["proration", "anchor"])
def test_when_it_is_charged_is_not_his_to_ask(person: Person, member: str) -> None:
    wrong = {"quantity": 2, member: "none" if member == "proration" else "now"}
    status, told = person.post(PREVIEW, wrong)
    assert (status, [error["pointer"] for error in told["errors"]]) == (422, [f"/{member}"])


def test_it_is_for_him_and_about_his(person: Person, api: Api) -> None:
    """The seller asks on the other route, and a customer there in vain; somebody else's is not there."""
    other = subscribe(make_customer(), free_plan(), now=clock_now())
    before = state()
    status, told = person.post(PREVIEW, {"quantity": 2}, other)
    assert (status, told["code"]) == (404, "not_found")
    path = f"{OWN}/{person.row.public_id}/{PREVIEW}"
    assert api.post(path, {"quantity": 2}).status_code == 403
    for verb in ("change", PREVIEW):
        answer = person.api.post(f"/api/v1/subscriptions/{person.row.public_id}/{verb}", {"quantity": 2})
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_credentials")
    answer = person.api.put(f"/api/v1/subscriptions/{person.row.public_id}", {"quantity": 2})
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_credentials")
    assert state() == before
    assert Subscription.objects.get(pk=person.row.pk).quantity == 1
