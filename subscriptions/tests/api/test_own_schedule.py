"""What customers do to the scheduled changes of their own subscriptions: what they may change, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest

from core.actor import SYSTEM
from core.clock import now as clock_now
from subscriptions import services
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.services import Wanted
from subscriptions.tests.api.test_own_subscriptions import OWN, Person, decide, person, state
from subscriptions.tests.factories import free_plan, make_customer, subscribe
from tests.fixtures import Api, do_all_jobs

__all__ = ["person"]
pytestmark = pytest.mark.django_db
FORBIDDEN = (403, "not_allowed_to_customers")
BODIES: dict[str, dict[str, Any]] = {"replace": {"quantity": 5, "at": "period_end"}, "withdraw": {"reason": "again"}}


def later(row: Subscription, quantity: int = 3) -> ScheduledChange:
    """A change that waits for the end of the period."""
    return services.schedule_change(
        subscription_id=row.pk, wanted=Wanted(quantity=quantity), actor=SYSTEM, now=clock_now()
    )


def path_of(change: ScheduledChange, verb: str = "") -> str:
    owner = Subscription.objects.get(pk=change.subscription_id)
    return f"{OWN}/{owner.public_id}/schedule/{change.public_id}" + (f"/{verb}" if verb else "")


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_he_schedules_lists_replaces_and_withdraws(person: Person) -> None:
    schedule = f"{OWN}/{person.row.public_id}/schedule"
    status, made = person.post("change", {"quantity": 3, "at": "period_end"})
    first = made["change"]
    assert (status, person.api.get(schedule).json()["data"]) == (200, [first])
    at = (clock_now() + timedelta(days=3)).isoformat()
    answer = person.api.post(f"{schedule}/{first['id']}/replace", {"quantity": 4, "at": at})
    second = answer.json()
    assert (answer.status_code, second["replaces"], second["quantity"]) == (201, first["id"], 4)
    waiting = person.api.get(schedule, state="pending").json()["data"]
    assert [one["id"] for one in waiting] == [second["id"]]
    answer = person.api.post(f"{schedule}/{second['id']}/withdraw", {"reason": "no need"})
    assert (answer.status_code, answer.json()["state"], answer.json()["reason"]) == (200, "withdrawn", "no need")
    assert person.api.get(f"{schedule}/{second['id']}").json() == answer.json() | {"reason": ""}
    assert second["created_by"] == "you"
    [author] = set(ScheduledChange.objects.values_list("created_by", flat=True))
    assert author.startswith("customer:")
    do_all_jobs()
    assert Subscription.objects.get(pk=person.row.pk).quantity == 1


@pytest.mark.parametrize("verb", sorted(BODIES))
def test_where_customers_may_not_change_they_change_no_plans_either(person: Person, verb: str) -> None:
    waiting = later(person.row)
    decide(customer_verbs=["cancel", "pause", "renew", "resume"])
    before = state()
    answer = person.api.post(path_of(waiting, verb), BODIES[verb])
    assert (told(answer), answer.json()["verb"]) == (FORBIDDEN, "change")
    assert state() == before


@pytest.mark.parametrize("verb", sorted(BODIES))
def test_what_the_seller_has_scheduled_he_leaves_alone(person: Person, verb: str) -> None:
    """A new price, or an end of a discount, is not the customer's to take back."""
    waiting = later(person.row)
    before = state()
    assert told(person.api.post(path_of(waiting, verb), BODIES[verb])) == (403, "change_of_the_seller")
    assert state() == before


def test_nor_do_they_make_any(person: Person) -> None:
    decide(customer_verbs=[])
    before = state()
    status, body = person.post("change", {"quantity": 3, "at": "period_end"})
    assert ((status, body["code"]), state()) == (FORBIDDEN, before)


def test_what_comes_is_seen_whatever_they_may(person: Person) -> None:
    waiting = later(person.row)
    decide(customer_verbs=[])
    listed = person.api.get(f"{OWN}/{person.row.public_id}/schedule").json()["data"]
    assert [one["id"] for one in listed] == [waiting.public_id]
    assert person.api.get(path_of(waiting)).json() == listed[0]


@pytest.mark.parametrize("verb", ["", *sorted(BODIES)])
def test_somebody_else_s_is_not_there(person: Person, verb: str) -> None:
    waiting = later(subscribe(make_customer(), free_plan(), now=clock_now()))
    before = state()
    paths = [
        path_of(waiting, verb),
        path_of(waiting, verb).replace(waiting.subscription.public_id, person.row.public_id),
    ]
    for path in paths:
        answer = person.api.post(path, BODIES[verb]) if verb else person.api.get(path)
        assert told(answer) == (404, "not_found")
    assert person.api.get(f"{OWN}/{waiting.subscription.public_id}/schedule").status_code == 404
    assert state() == before


@pytest.mark.parametrize("member", ["proration", "anchor"])
def test_when_it_is_charged_is_not_his_to_say(person: Person, member: str) -> None:
    waiting = later(person.row)
    wrong = BODIES["replace"] | {member: "none" if member == "proration" else "now"}
    answer = person.api.post(path_of(waiting, "replace"), wrong)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{member}")
    waiting.refresh_from_db()
    assert (waiting.state, ScheduledChange.objects.count()) == ("pending", 1)


def test_what_is_over_stays_so(person: Person) -> None:
    waiting = later(person.row)
    services.withdraw_change(change_id=waiting.pk, actor=SYSTEM, now=clock_now())
    before = state()
    for verb, body in BODIES.items():
        assert told(person.api.post(path_of(waiting, verb), body)) == (409, "scheduled_change_over")
    assert state() == before


def test_keys_and_the_other_routes_are_for_the_seller(person: Person, api: Api) -> None:
    waiting = later(person.row)
    assert api.get(path_of(waiting)).status_code == 403
    for verb, body in BODIES.items():
        other = path_of(waiting, verb).replace("/me/", "/")
        assert told(person.api.post(other, body)) == (403, "wrong_credentials")
        assert api.post(path_of(waiting, verb), body).status_code == 403
    waiting.refresh_from_db()
    assert waiting.state == "pending"
