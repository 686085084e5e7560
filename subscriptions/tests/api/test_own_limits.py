"""What is not the customer's to take back, and that no route lets him do what the environment does not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from billing.models import CouponRedemption
from core.actor import SYSTEM, Actor
from core.clock import now as clock_now
from core.http.permissions import audience_of
from subscriptions import services
from subscriptions.internal import pause_due
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.services import Wanted
from subscriptions.tests.api.test_own_subscriptions import Person, decide, person, state
from subscriptions.tests.factories import make_coupon
from tests.fixtures import Api
from tests.test_shown_once import each_action

__all__ = ["person"]
pytestmark = pytest.mark.django_db
ALL = ["cancel", "change", "pause", "renew", "resume"]
KEY = Actor(type="key", id="key_backend", scopes=frozenset({"read", "write"}))
OPERATOR = Actor(type="operator", id="usr_operator", scopes=frozenset({"read", "write"}))
SELLERS = pytest.mark.parametrize("seller", [KEY, OPERATOR], ids=lambda who: who.type)
OTHER_ROUTE = "/api/v1/subscriptions"
DAY = timedelta(days=1)
# What a customer may begin whatever the policy says: it is about what he has already.
BEGINNING = {"Subscriptions.create", "Subscriptions.trial"}
BODIES: dict[str, Any] = {
    "OwnSubscriptions.cancel": {}, "OwnSubscriptions.undo_cancellation": None, "OwnSubscriptions.pause": {},
    "OwnSubscriptions.resume": None, "OwnSubscriptions.renew": {}, "OwnSubscriptions.change": {"quantity": 2},
    "OwnSubscriptions.change_preview": {"quantity": 2}, "OwnScheduledChanges.withdraw": {},
    "OwnScheduledChanges.replace": {"quantity": 2, "at": "period_end"}, "Subscriptions.cancel": {},
    "Subscriptions.undo_cancellation": None, "Subscriptions.pause": {}, "Subscriptions.resume": None,
    "Subscriptions.renew": {}, "Subscriptions.coupons": {"code": "HALF"}, "Subscriptions.destroy": None,
}  # fmt: skip
PATHS = {"undo_cancellation": "undo-cancellation", "change_preview": "change/preview", "destroy": ""}


def refused(person: Person, verb: str, code: str) -> None:
    """On both routes a customer is told so, and nothing has changed."""
    before = state()
    for route in (f"{OTHER_ROUTE}/me", OTHER_ROUTE):
        answer = person.api.post(f"{route}/{person.row.public_id}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert state() == before


def cancel(row: Subscription, who: Actor) -> None:
    services.cancel_subscription(subscription_id=row.pk, actor=who, now=clock_now())


def pause(row: Subscription, who: Actor, **how: Any) -> None:
    services.pause_subscription(subscription_id=row.pk, actor=who, now=clock_now(), **how)


def resume(row: Subscription, who: Actor) -> Subscription:
    return services.resume_subscription(subscription_id=row.pk, actor=who, now=clock_now())


def undo(row: Subscription, who: Actor) -> Subscription:
    return services.undo_cancellation(subscription_id=row.pk, actor=who, now=clock_now())


@SELLERS
def test_a_cancellation_of_the_seller_stays(person: Person, seller: Actor) -> None:
    cancel(person.row, seller)
    refused(person, "undo-cancellation", "cancellation_of_the_seller")
    assert undo(person.row, OPERATOR if seller is KEY else KEY).cancel_at is None


@SELLERS
def test_the_seller_takes_back_a_customer_s_cancellation_and_makes_his_own(person: Person, seller: Actor) -> None:
    """It is the last one that counts, and who asked for that."""
    assert person.post("cancel", {})[0] == 200
    assert undo(person.row, seller).cancel_at is None
    cancel(person.row, seller)
    refused(person, "undo-cancellation", "cancellation_of_the_seller")
    undo(person.row, seller)
    assert person.post("cancel", {})[0] == 200
    status, body = person.post("undo-cancellation")
    assert (status, body["cancel_at"]) == (200, None)


def test_without_a_cancellation_he_is_told_that(person: Person) -> None:
    cancel(person.row, KEY)
    undo(person.row, KEY)
    assert person.post("undo-cancellation")[1]["code"] == "no_cancellation_scheduled"


def test_his_cancellation_is_no_way_round_a_change_of_the_seller(person: Person) -> None:
    """It withdraws what would come with the end; to take it back would leave the seller's change out of the way."""
    row = services.schedule_change(subscription_id=person.row.pk, wanted=Wanted(quantity=3), actor=KEY, now=clock_now())
    assert person.post("cancel", {})[0] == 200
    assert ScheduledChange.objects.get(pk=row.pk).state == "withdrawn"
    refused(person, "undo-cancellation", "change_of_the_seller")
    assert undo(person.row, KEY).cancel_at is None


def test_nor_round_a_pause_of_the_seller(person: Person) -> None:
    pause(person.row, KEY, at="period_end")
    assert person.post("cancel", {})[0] == 200
    refused(person, "undo-cancellation", "pause_of_the_seller")
    assert undo(person.row, KEY).cancel_at is None


def test_what_he_had_planned_himself_hinders_nothing(person: Person) -> None:
    decide(customer_verbs=ALL)
    assert person.post("change", {"quantity": 3, "at": "period_end"})[0] == 200
    assert person.post("pause", {"at": "period_end"})[0] == 200
    assert person.post("cancel", {})[0] == 200
    status, body = person.post("undo-cancellation")
    assert (status, body["cancel_at"]) == (200, None)


@SELLERS
@pytest.mark.parametrize("at", ["now", "period_end"])
def test_a_pause_of_the_seller_stays(person: Person, seller: Actor, at: str) -> None:
    pause(person.row, seller, at=at)
    refused(person, "resume", "pause_of_the_seller")
    gone_on = resume(person.row, OPERATOR if seller is KEY else KEY)
    assert (gone_on.status, gone_on.pauses_at) == ("active", None)


def test_one_that_a_worker_began_is_still_whose_it_was(person: Person, freeze: Callable[[datetime], None]) -> None:
    """The worker's line is the newest; the line that was written when it was asked for counts."""
    decide(customer_verbs=ALL)
    for who, told in ((KEY, 403), (None, 200)):
        if who is None:
            assert person.post("pause", {"at": "period_end"})[0] == 200
        else:
            pause(person.row, who, at="period_end")
        person.row.refresh_from_db()
        assert person.row.pauses_at is not None
        freeze(person.row.pauses_at)
        rests = pause_due(subscription_id=person.row.pk, actor=SYSTEM, now=clock_now())
        assert (rests is not None and rests.status) == "paused"
        assert person.post("resume")[0] == told
        if who is not None:
            resume(person.row, who)


@SELLERS
@pytest.mark.parametrize("at", ["now", "period_end"])
def test_the_seller_ends_a_customer_s_pause_and_makes_another(person: Person, seller: Actor, at: str) -> None:
    decide(customer_verbs=ALL)
    assert person.post("pause", {"at": at})[0] == 200
    resume(person.row, seller)
    pause(person.row, seller, at=at)
    refused(person, "resume", "pause_of_the_seller")
    resume(person.row, seller)
    assert person.post("pause", {"at": at})[0] == 200
    status, body = person.post("resume")
    assert (status, body["status"], body["pauses_at"]) == (200, "active", None)


def test_once_the_agreed_instant_has_come_he_goes_on(person: Person, freeze: Callable[[datetime], None]) -> None:
    """Nobody's will is broken by who is quicker than the worker."""
    until = clock_now() + DAY
    pause(person.row, KEY, until=until)
    refused(person, "resume", "pause_of_the_seller")
    freeze(until)
    status, body = person.post("resume")
    assert (status, body["status"]) == (200, "active")


def test_what_the_house_has_paused_he_ends(person: Person) -> None:
    """As after a trial without a means of payment, where he is to come back with one."""
    pause(person.row, SYSTEM)
    status, body = person.post("resume")
    assert (status, body["status"]) == (200, "active")


def _reached() -> set[str]:
    """The routes of subscriptions on which a customer asks for something to be done."""
    return {
        f"{type(view).__name__}.{action}"
        for view, method, action in each_action()
        if type(view).__module__.startswith("subscriptions.")
        and method not in ("GET", "HEAD")
        and "customer" in audience_of(view)
    }


def test_every_route_that_customers_reach_is_known_here() -> None:
    assert _reached() == set(BODIES) | BEGINNING


@pytest.mark.parametrize("name", sorted(BODIES))
def test_every_route_asks_the_policy(person: Person, name: str) -> None:
    """Where nothing is allowed, nothing is done."""
    make_coupon()
    decide(customer_verbs=ALL)
    change = person.post("change", {"quantity": 3, "at": "period_end"})[1]["change"]["id"]
    decide(customer_verbs=[])
    view, _, action = name.partition(".")
    path = f"{OTHER_ROUTE}/{'me/' if view.startswith('Own') else ''}{person.row.public_id}"
    path += f"/schedule/{change}" if view.endswith("Changes") else ""
    path = f"{path}/{PATHS.get(action, action)}".rstrip("/")
    before = state()
    answer = person.api.delete(path) if action == "destroy" else person.api.post(path, BODIES[name])
    told = answer.json()
    assert (answer.status_code, told["code"], told["allowed"]) == (403, "not_allowed_to_customers", [])
    assert state() == before


def test_a_coupon_takes_the_verb_change_and_keys_need_none(person: Person, api: Api) -> None:
    make_coupon()
    path, body = f"{OTHER_ROUTE}/{person.row.public_id}/coupons", {"code": "HALF"}
    decide(customer_verbs=["cancel", "pause", "renew", "resume"])
    assert person.api.post(path, body).json()["verb"] == "change"
    assert not CouponRedemption.objects.exists()
    decide(customer_verbs=["change"])
    assert person.api.post(path, body).status_code == 200
    decide(customer_verbs=[])
    make_coupon("AGAIN")
    assert api.post(path, {"code": "AGAIN"}).status_code == 200
