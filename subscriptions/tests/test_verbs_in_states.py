"""Every verb in every state, over HTTP: what the table allows leads where it says; all else changes nothing."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from pytest_django import DjangoDbBlocker

from accounts.tests.factories import make_key, register
from catalog.models import Plan
from core import tenancy
from core.actor import SYSTEM
from core.models import Environment
from outbox.models import OutboxEvent
from subscriptions import internal, services, states
from subscriptions.models import ScheduledChange, Subscription, VersionMigrationItem
from subscriptions.tests.factories import (
    attach_card,
    make_addon,
    make_coupon,
    make_plan,
    monthly,
    publish_prices,
    subscribe,
)
from subscriptions.tests.migrating import migrated
from subscriptions.tests.verbs import LOST, OTHER, OWN, PATH, SAME, VERBS, WAITS_FOR, Asked
from tests.edge.state import digest
from tests.edge.world import as_somebody, savepoint
from tests.fixtures import NOW, Api, do_all_jobs
from tests.shared import environment_called

pytestmark = pytest.mark.django_db
Known = dict[str, Any]


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Known]:
    """One subscription in each state, made by the verbs, and what the verbs need beside."""
    with django_db_blocker.unblock(), savepoint():
        place = environment_called("sandbox")
        Environment.objects.filter(pk=place.pk).update(clock_at=NOW)
        with tenancy.scope(Environment.objects.get(pk=place.pk).as_scope()):
            known = furnished()
            for state, build in BUILDERS.items():
                known[state] = build(known, state)
            now_in = {state: Subscription.objects.get(pk=known[state].pk).status for state in states.STATES}
            assert now_in == {one: one for one in states.STATES}
            assert ScheduledChange.objects.filter(effective_at=WAITS_FOR).count() == len(states.STATES)
            yield known


@pytest.fixture
def world(made: Known) -> Iterator[Known]:
    """The same, in a savepoint of the test's own."""
    with savepoint():
        yield made


def furnished() -> Known:
    """A plan, what is taken beside it, and a gift of it; customers may do everything to what is theirs."""
    everything = {
        "customer_verbs": ["cancel", "change", "pause", "renew", "resume"],
        "customer_cancel_times": ["now", "period_end", "date"],
    }
    services.change_subscription_settings(changes=everything, actor=SYSTEM, now=NOW)
    plan = make_plan(monthly("20"), family="suite")
    known: Known = {"plan": plan, "api": Api(make_key()), "customers": {}, "people": {}}
    known |= {"addon": make_addon(), "spare": make_addon(code="spare")}
    make_coupon("KEPT", duration="forever")
    make_coupon("HALF")
    known["gift"] = bought(known["api"], plan)
    return known


def bought(api: Api, plan: Plan) -> str:
    """The code of a gift of the plan that is paid."""
    buyer, _ = register("buyer@example.com")
    attach_card(buyer)
    recipient = {"email": "friend@example.com"}
    body = {"buyer": buyer.public_id, "plan": plan.public_id, "intervals": 3, "recipient": recipient}
    assert api.post("/api/v1/gifts", body).status_code == 201
    do_all_jobs()
    letter = next(one.body for one in mail.outbox if "friend@example.com" in one.to)
    return str(re.findall(r"(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}", letter)[0])


def person(known: Known, state: str, **wanted: Any) -> Subscription:
    """A subscription of somebody with a login, who has had a change scheduled himself."""
    customer, tokens = register(f"{state}@example.com")
    behavior = wanted.pop("card", "success")
    if behavior:
        attach_card(customer, behavior)
    known["customers"][state], known["people"][state] = customer, as_somebody(tokens.access_token)
    taken = {"addons": [(known["addon"].pk, 1)], "coupons": ["KEPT"], "now": NOW}
    row = subscribe(customer, known["plan"], **taken, **wanted)
    do_all_jobs()
    done(known, state, row, "change", {"quantity": 3, "at": WAITS_FOR.isoformat()})
    return row


def done(known: Known, state: str, row: Subscription, verb: str, body: Any = None) -> Subscription:
    """Let the customer do something to what is his."""
    answer = known["people"][state].post(f"{PATH}/me/{row.public_id}/{verb}", body)
    assert answer.status_code == 200, answer.content
    return row


def activated(known: Known, state: str, card: str) -> Subscription:
    """A trial that ended before its time: unpaid without a card, past due with one that is declined."""
    row = person(known, state, card=card, trial_days=14)
    services.activate_subscription(subscription_id=row.pk, actor=SYSTEM, now=NOW)
    do_all_jobs()
    return row


def ended(known: Known, state: str) -> Subscription:
    row = person(known, state)
    return services.end_subscription(subscription_id=row.pk, actor=SYSTEM, now=NOW)


BUILDERS: dict[str, Callable[[Known, str], Subscription]] = {
    "scheduled": lambda known, state: person(known, state, starts_at=NOW + timedelta(days=9)),
    "incomplete": lambda known, state: activated(known, state, ""),
    "trialing": lambda known, state: person(known, state, trial_days=14),
    "active": person,
    "past_due": lambda known, state: activated(known, state, "fails_later"),
    "paused": lambda known, state: done(known, state, person(known, state), "pause", {}),
    "canceled": lambda known, state: done(known, state, person(known, state), "cancel", {"at": "now"}),
    "expired": ended,
}


def asked(known: Known, state: str, who: str) -> Asked:
    """The seller asks with his key, or the customer for himself."""
    own = who == "customer"
    return Asked(known=known, state=state, api=known["people"][state] if own else known["api"], own=own)


ROUTES = [*((verb, "seller") for verb in VERBS), *((verb, "customer") for verb in OWN)]
ALLOWED = [(verb, who, state) for verb, who in ROUTES for state in states.STATES if state in VERBS[verb].leads]


def test_the_table_is_the_house_s() -> None:
    ours = {"cancel_now": "cancel", "cancel_at_period_end": "cancel_later", "cancel_at_a_date": "cancel_later"}
    ours |= {"delete": "cancel_later", "pause_now": "pause", "pause_at_period_end": "pause"}
    for name, verb in VERBS.items():
        if ours.get(name, name) in states.VERBS and name != "undo_cancellation":
            allowed_in, target = states.VERBS[ours.get(name, name)]
            assert (set(allowed_in), target) == (set(verb.leads), verb.to), name
    assert {state for state in states.STATES if state in VERBS["change"].leads} == set(states.CHANGEABLE)
    known = {ours.get(name, name) for name in VERBS}
    assert set(states.VERBS) <= known


@pytest.mark.parametrize(("name", "who", "state"), ALLOWED)
def test_what_the_table_allows_is_done(world: Known, name: str, who: str, state: str) -> None:
    verb, one = VERBS[name], asked(world, state, who)
    history, told = one.row.events.count(), OutboxEvent.objects.count()
    answer = verb.ask(one)
    assert answer.status_code in (200, 201), answer.content
    leads_to = verb.leads[state]
    assert one.row.status == (state if leads_to in (SAME, OTHER) else leads_to)
    assert [other.status for other in one.begun] == (["active"] if leads_to == OTHER else [])
    assert verb.shows(one, answer.json()), answer.content
    assert (one.row.events.count() > history) == (verb.has_history and leads_to != OTHER)
    facts = list(OutboxEvent.objects.order_by("id").values_list("type", flat=True))[told:]
    assert verb.fact in facts if verb.fact else not facts


@pytest.mark.parametrize(("name", "who"), ROUTES)
def test_what_it_does_not_allow_is_refused_and_changes_nothing(world: Known, name: str, who: str) -> None:
    verb, before = VERBS[name], digest()
    for state in (state for state in states.STATES if state not in verb.leads):
        one, code = asked(world, state, who), verb.others.get(state, "invalid_transition")
        answer = verb.ask(one)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, code), (state, problem)
        assert answer["Content-Type"] == "application/problem+json"
        if code in ("invalid_transition", LOST.get(state)):
            to = state if code == LOST.get(state) else verb.to or state
            ways = {"from": state, "to": to, "allowed": [one for one in states.TRANSITIONS[state] if one != to]}
            assert {member: problem[member] for member in ways} == ways
    assert digest() == before


@pytest.mark.parametrize("who", ["seller", "customer"])
@pytest.mark.parametrize("state", sorted(VERBS["cancel_at_period_end"].leads))
def test_where_it_can_be_scheduled_it_can_be_undone(world: Known, state: str, who: str) -> None:
    one = asked(world, state, who)
    assert VERBS["cancel_at_a_date"].ask(one).status_code == 200
    assert VERBS["undo_cancellation"].ask(one).status_code == 200
    assert (one.row.status, one.row.cancel_at) == (state, None)


@pytest.mark.parametrize("who", ["seller", "customer"])
@pytest.mark.parametrize("state", states.RENEWING)
def test_a_pause_that_has_not_begun_is_withdrawn_by_resuming(world: Known, state: str, who: str) -> None:
    one = asked(world, state, who)
    assert VERBS["pause_at_period_end"].ask(one).status_code == 200
    assert VERBS["resume"].ask(one).status_code == 200
    assert (one.row.status, one.row.pauses_at) == (state, None)


@pytest.mark.parametrize("when", ["now", "renewal"])
def test_a_new_version_comes_at_once_or_waits_and_what_is_over_keeps_its_own(world: Known, when: str) -> None:
    version = publish_prices(world["plan"], monthly("30"))
    before = {state: asked(world, state, "seller").row for state in states.STATES}
    row = migrated(world["plan"], NOW, when=when)
    internal.migrate_chunk(migration_id=row.pk, actor=SYSTEM, now=NOW)
    moved = set(VersionMigrationItem.objects.filter(state="done").values_list("subscription_id", flat=True))
    at_once = ("scheduled", "trialing", "active", "past_due") if when == "now" else ()
    for state, old in before.items():
        new = Subscription.objects.get(pk=old.pk)
        assert new.status == state
        assert (new.pk in moved) == (state in states.LIVE)
        waits = state in states.LIVE and state not in at_once
        assert new.plan_version_id == (version.pk if state in at_once else old.plan_version_id), state
        assert new.next_plan_version_id == (version.pk if waits else None), state
        assert (new.version > old.version) == (state in states.LIVE)
