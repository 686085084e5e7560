"""Every verb in every state: what the table allows leads where it says; all else is refused and changes nothing."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from accounts.tests.factories import make_key
from core import errors, tenancy
from core.actor import SYSTEM
from core.models import Environment
from subscriptions import services, states
from subscriptions.models import Subscription
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    subscribe,
)
from subscriptions.wanted import Wanted
from tests.edge.state import digest
from tests.edge.world import savepoint
from tests.fixtures import NOW, Api, do_all_jobs
from tests.shared import environment_called

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)
Known = dict[str, Any]
SAME = "it stays"
RUNNING = {"active": SAME, "past_due": SAME}
ENDABLE = ("incomplete", "trialing", "active", "past_due", "paused")

# verb → what it leads to, by the state in which it is allowed.
TABLE: dict[str, dict[str, str]] = {
    "cancel_now": dict.fromkeys(("scheduled", *ENDABLE), "canceled"),
    "cancel_at_period_end": {"trialing": SAME, "paused": SAME, **RUNNING},
    "cancel_at_a_date": {"trialing": SAME, "paused": SAME, **RUNNING},
    "end": dict.fromkeys(ENDABLE, "expired"),
    "pause_now": dict.fromkeys(RUNNING, "paused"),
    "pause_at_period_end": RUNNING,
    "resume": {"paused": "active"},
    "renew": RUNNING,
    "activate": {"trialing": "active"},
    "extend_trial": {"trialing": SAME},
    "change": {"scheduled": SAME, "trialing": SAME, "paused": SAME, **RUNNING},
    "add_addon": {"scheduled": SAME, "trialing": SAME, **RUNNING},
    "redeem_coupon": dict.fromkeys(states.LIVE, SAME),
}
# Where a refused verb was to lead; the others leave the state as it is.
TARGETS = {
    "cancel_now": "canceled", "cancel_at_period_end": "canceled", "cancel_at_a_date": "canceled", "end": "expired",
    "pause_now": "paused", "pause_at_period_end": "paused", "resume": "active", "renew": "active",
    "activate": "active", "extend_trial": "trialing",
}  # fmt: skip
PAIRS = list(product(TABLE, states.STATES))
ALLOWED = [(verb, state) for verb, state in PAIRS if state in TABLE[verb]]
REFUSED = [(verb, state) for verb, state in PAIRS if state not in TABLE[verb]]

CALLS: dict[str, Callable[[Known, Any], Any]] = {
    "cancel_now": lambda _, by: services.cancel_subscription(at="now", **by),
    "cancel_at_period_end": lambda _, by: services.cancel_subscription(at="period_end", **by),
    "cancel_at_a_date": lambda _, by: services.cancel_subscription(at=LATER, **by),
    "end": lambda _, by: services.end_subscription(**by),
    "pause_now": lambda _, by: services.pause_subscription(at="now", **by),
    "pause_at_period_end": lambda _, by: services.pause_subscription(at="period_end", **by),
    "resume": lambda _, by: services.resume_subscription(**by),
    "renew": lambda _, by: services.renew_subscription(**by),
    "activate": lambda _, by: services.activate_subscription(**by),
    "extend_trial": lambda _, by: services.extend_trial(days=5, **by),
    "change": lambda _, by: services.change_subscription(wanted=Wanted(quantity=2), **by),
    "add_addon": lambda known, by: services.add_addon(addon_id=known["addon"].pk, **by),
    "redeem_coupon": lambda _, by: services.redeem_coupon(code="HALF", **by),
}
REQUESTS: dict[str, tuple[str, Callable[[Known], Any]]] = {
    "cancel_now": ("cancel", lambda _: {"at": "now"}),
    "cancel_at_period_end": ("cancel", lambda _: {"at": "period_end"}),
    "cancel_at_a_date": ("cancel", lambda _: {"at": LATER.isoformat()}),
    "end": ("end", lambda _: {}),
    "pause_now": ("pause", lambda _: {"at": "now"}),
    "pause_at_period_end": ("pause", lambda _: {"at": "period_end"}),
    "resume": ("resume", lambda _: None),
    "renew": ("renew", lambda _: {}),
    "activate": ("activate", lambda _: None),
    "extend_trial": ("trial/extend", lambda _: {"days": 5}),
    "change": ("change", lambda _: {"quantity": 2}),
    "add_addon": ("addons", lambda known: {"addon": known["addon"].public_id}),
    "redeem_coupon": ("coupons", lambda _: {"code": "HALF"}),
}


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Known]:
    """One subscription in each state, made by the verbs, and what the verbs need beside."""
    with django_db_blocker.unblock(), savepoint():
        place = environment_called("sandbox")
        Environment.objects.filter(pk=place.pk).update(clock_at=NOW)
        with tenancy.scope(Environment.objects.get(pk=place.pk).as_scope()):
            known: Known = {state: build() for state, build in BUILDERS.items()}
            assert {state: known[state].status for state in states.STATES} == {one: one for one in states.STATES}
            make_coupon()
            known |= {"addon": make_addon(), "api": Api(make_key())}
            known["api"].get("/api/v1/subscriptions")
            yield known


@pytest.fixture
def world(made: Known) -> Iterator[Known]:
    """The same, in a savepoint of the test's own."""
    with savepoint():
        yield made


def _paying(behavior: str = "success", **wanted: Any) -> Subscription:
    """A subscription of a customer with a card, and with what follows from it done."""
    customer = make_customer()
    attach_card(customer, behavior)
    row = subscribe(customer, make_plan(family=None), now=NOW, **wanted)
    do_all_jobs()
    row.refresh_from_db()
    return row


def _ended(verb: Callable[..., Any], **how: Any) -> Subscription:
    row = subscribe(make_customer(), free_plan(family=None), now=NOW)
    return verb(subscription_id=row.pk, actor=SYSTEM, now=NOW, **how)


def _declined() -> Subscription:
    row = _paying("fails_later", trial_days=1)
    services.activate_subscription(subscription_id=row.pk, actor=SYSTEM, now=NOW)
    do_all_jobs()
    row.refresh_from_db()
    return row


BUILDERS: dict[str, Callable[[], Subscription]] = {
    "scheduled": lambda: _paying(starts_at=NOW + timedelta(days=9)),
    "incomplete": lambda: subscribe(make_customer(), make_plan(family=None), now=NOW),
    "trialing": lambda: _paying(trial_days=14),
    "active": _paying,
    "past_due": _declined,
    "paused": lambda: _ended(services.pause_subscription),
    "canceled": lambda: _ended(services.cancel_subscription, at="now"),
    "expired": lambda: _ended(services.end_subscription),
}


def by(row: Subscription) -> dict[str, Any]:
    return {"subscription_id": row.pk, "actor": SYSTEM, "now": NOW}


def expected_refusal(verb: str, state: str) -> dict[str, Any]:
    """The members that say where it is, where it was to go, and where it may go."""
    return {"from": state, "to": TARGETS.get(verb, state), "allowed": list(states.TRANSITIONS[state])}


def test_the_table_is_the_house_s() -> None:
    ours = {"cancel_now": "cancel", "cancel_at_period_end": "cancel_later", "pause_now": "pause"}
    for verb in (
        "cancel_now",
        "cancel_at_period_end",
        "end",
        "pause_now",
        "resume",
        "renew",
        "activate",
        "extend_trial",
    ):
        allowed_in, target = states.VERBS[ours.get(verb, verb)]
        assert (set(allowed_in), target) == (set(TABLE[verb]), TARGETS[verb])


@pytest.mark.parametrize(("verb", "state"), ALLOWED)
def test_what_the_table_allows_is_done(world: Known, verb: str, state: str) -> None:
    row = world[state]
    before = row.events.count()
    CALLS[verb](world, by(row))
    row = Subscription.objects.get(pk=row.pk)
    leads_to = TABLE[verb][state]
    assert row.status == (state if leads_to == SAME else leads_to)
    assert row.events.count() > before


@pytest.mark.parametrize(("verb", "state"), REFUSED)
def test_what_it_does_not_allow_is_refused_and_changes_nothing(world: Known, verb: str, state: str) -> None:
    before = digest()
    with pytest.raises(errors.Conflict) as refused, savepoint():
        CALLS[verb](world, by(world[state]))
    assert isinstance(refused.value, services.InvalidTransition)
    assert expected_refusal(verb, state).items() <= refused.value.members.items()
    assert digest() == before


@pytest.mark.parametrize(("verb", "state"), REFUSED)
def test_the_api_says_the_same(world: Known, verb: str, state: str) -> None:
    path, body = REQUESTS[verb]
    before = digest()
    answer = world["api"].post(f"/api/v1/subscriptions/{world[state].public_id}/{path}", body(world))
    problem = answer.json()
    code = "subscription_already_canceled" if (verb[:6], state) == ("cancel", "canceled") else "invalid_transition"
    assert (answer.status_code, problem["code"]) == (409, code), problem
    assert expected_refusal(verb, state).items() <= problem.items()
    assert digest() == before


@pytest.mark.parametrize("state", states.STATES)
def test_only_a_cancellation_that_waits_can_be_undone(world: Known, state: str) -> None:
    row = world[state]
    codes = {"canceled": "subscription_already_canceled", "expired": "invalid_transition"}
    before = digest()
    with pytest.raises(errors.Conflict) as refused, savepoint():
        services.undo_cancellation(**by(row))
    assert refused.value.code == codes.get(state, "no_cancellation_scheduled")
    assert digest() == before


@pytest.mark.parametrize("state", sorted(TABLE["cancel_at_period_end"]))
def test_where_it_can_be_scheduled_it_can_be_undone(world: Known, state: str) -> None:
    row = world[state]
    services.cancel_subscription(at=LATER, **by(row))
    services.undo_cancellation(**by(row))
    row = Subscription.objects.get(pk=row.pk)
    assert (row.status, row.cancel_at) == (state, None)
