"""Random lives of a subscription beside a small model: the same state, periods and money at every step.

Verbs, changes of what was agreed, days, declined cards and deaths of processes come in any order. After each step the
model and the house must agree, and in the end every rule of the house must hold. `make proof` lives 500 lives of 60
steps; it prints its seed: `LIFE_SEED=7` lives them again, and `LIVES=20` is a shorter run.
"""

import os
import random
import sys
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.models import Invoice
from billing.selectors import waiting_minor
from core import failpoints, invariants, tenancy
from core.actor import SYSTEM
from core.models import Environment
from core.periods import Period
from jobs import internal
from jobs.dues import next_of_duties
from jobs.models import Job
from jobs.registry import QUEUES
from jobs.time_travel import travel
from outbox.internal import relay_here
from payments.models import SandboxCharge
from subscriptions import changes, services
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.services import Wanted
from subscriptions.tests.expected import Expected, Planned
from subscriptions.tests.expected_money import PRICES, Terms
from subscriptions.tests.factories import attach_card, make_addon, make_customer, make_plan, monthly, seats, subscribe
from tests.edge.world import savepoint
from tests.fixtures import NOW
from tests.shared import environment_called

MOST_PLANS = 3
CARDS = some.sampled_from(["success", "success", "fails_later"])
TERMS = some.builds(
    Terms, plan=some.sampled_from(["small", "big"]), seats=some.integers(1, 3), support=some.integers(0, 2)
)
BEHAVIORS = some.sampled_from([one.value for one in Behavior if one is not Behavior.FULL_CHARGE_RESET_ANCHOR])
# What ends a life is asked for once in a while only, or most lives would be short.
SELDOM = some.integers(0, 7)


class Died(BaseException):
    """A process ended here; what it had not committed is gone."""


class Life(RuleBasedStateMachine):
    """One customer, two monthly plans with an add-on, and everything that may be asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.undone = ExitStack()
        self.undone.enter_context(savepoint())
        self.undone.enter_context(tenancy.scope(environment_called("sandbox").as_scope()))
        self._set_clock(NOW)
        self.customer = make_customer(now=NOW)
        self.plans = {name: make_plan(seats(f"{PRICES[name] / 100:.2f}")) for name in ("small", "big")}
        self.support = make_addon(monthly(f"{PRICES['support'] / 100:.2f}", model="per_unit"))
        self.known = Expected(now=NOW, card="success")
        self.id: Any = None
        # Earlier lives, of which something may still be owed.
        self.past: list[Expected] = []

    def teardown(self) -> None:
        try:
            if self.id:
                broken = {one.code: found for one in invariants.rules() if (found := invariants.broken(one.code))}
                assert broken == {}
        finally:
            self.undone.close()

    # ------------------------------------------------------------- what happens

    @initialize(chosen=SELDOM, trial_days=some.sampled_from([0, 0, 14]))
    def begin(self, chosen: int, trial_days: int) -> None:
        self.known.card = "success" if chosen else "fails_later"
        attach_card(self.customer, self.known.card)
        self._subscribe(trial_days)

    @precondition(lambda self: self.known.is_over)
    @rule()
    def come_back(self) -> None:
        self.past.append(self.known)
        self.known = Expected(now=self.known.now, card=self.known.card)
        self._subscribe(0)

    @rule(hours=some.one_of(some.integers(1, 72), some.integers(73, 24 * 45)))
    def time_passes(self, hours: int) -> None:
        to = self.known.now + timedelta(hours=hours)
        self._travel(to)
        self._foretell(to)

    @rule(hours=some.integers(1, 24 * 45), crossing=some.integers(1, 60))
    def time_passes_and_a_process_dies(self, hours: int, crossing: int) -> None:
        to = self.known.now + timedelta(hours=hours)
        if self._dies(crossing, lambda: self._travel(to)):
            Job.objects.filter(state="running").update(lease_until=NOW - timedelta(days=1000))
            self._travel(to)
        self._foretell(to)

    @precondition(lambda self: not self.known.is_over)
    @rule(chosen=SELDOM, crossing=some.none() | some.integers(1, 8))
    def cancel_now(self, chosen: int, crossing: int | None) -> None:
        if not chosen:
            self._ask(crossing, services.cancel_subscription, at="now")
            self.known.cancel()

    @precondition(
        lambda self: self.known.status in ("trialing", "active", "past_due", "paused") and not self.known.cancel_at
    )
    @rule()
    def cancel_at_the_end(self) -> None:
        self._ask(None, services.cancel_subscription, at="period_end")
        self.known.cancel_later()

    @precondition(lambda self: self.known.cancel_at and not self.known.is_over)
    @rule()
    def stay_after_all(self) -> None:
        self._ask(None, services.undo_cancellation)
        self.known.undo()

    @precondition(lambda self: self.known.status == "active" and not self.known.cancel_at)
    @rule(days=some.none() | some.integers(1, 60), crossing=some.none() | some.integers(1, 8))
    def rest(self, days: int | None, crossing: int | None) -> None:
        until = self.known.now + timedelta(days=days) if days else None
        self._ask(crossing, services.pause_subscription, until=until, policy="give_back")
        self.known.pause(until)

    @precondition(lambda self: self.known.status == "paused")
    @rule()
    def go_on(self) -> None:
        self._ask(None, services.resume_subscription)
        self.known.resume()

    @precondition(lambda self: self.known.is_changeable)
    @rule(terms=TERMS, behavior=BEHAVIORS, crossing=some.none() | some.integers(1, 8))
    def change_now(self, terms: Terms, behavior: str, crossing: int | None) -> None:
        self._ask(
            crossing, services.change_subscription, wanted=self._wanted(terms), behavior=Behavior(behavior)
        )  # fmt: skip
        self.known.change(terms, behavior)

    @precondition(lambda self: self.known.is_changeable and not self._planned(None) and not self.known.cancel_at)
    @rule(terms=TERMS)
    def change_with_the_next_month(self, terms: Terms) -> None:
        self._ask(None, services.schedule_change, wanted=self._wanted(terms))
        self.known.plan(Planned(terms=terms))

    @precondition(lambda self: self.known.is_changeable and len(self.known.planned) < MOST_PLANS)
    @rule(terms=TERMS, behavior=BEHAVIORS, hours=some.integers(1, 24 * 40))
    def change_at_an_instant(self, terms: Terms, behavior: str, hours: int) -> None:
        at = self.known.now + timedelta(hours=hours)
        if self._planned(at) or (self.known.cancel_at and self.known.cancel_at <= at):
            return
        self._ask(None, services.schedule_change, wanted=self._wanted(terms), behavior=Behavior(behavior), at=at)
        self.known.plan(Planned(terms=terms, behavior=behavior, at=at))

    @precondition(lambda self: self.known.planned and not self.known.is_over)
    @rule(chosen=some.integers(0, 5))
    def leave_it_as_it_is(self, chosen: int) -> None:
        one = self.known.planned[chosen % len(self.known.planned)]
        waiting = ScheduledChange.objects.pending().get(subscription_id=self.id, effective_at=one.at)
        services.withdraw_change(change_id=waiting.pk, actor=SYSTEM, now=self.known.now)
        self._settle()
        self.known.withdraw(one.at)

    @rule(card=CARDS)
    def take_another_card(self, card: str) -> None:
        attach_card(self.customer, card)
        self._settle()
        for one in self._all():
            one.take(card)

    # ------------------------------------------------------------- what must be

    @precondition(lambda self: self.id)
    @invariant()
    def both_agree(self) -> None:
        found, known = Subscription.objects.get(pk=self.id), self.known
        assert found.status == known.status
        assert (found.period_starts_at, found.period_ends_at) == known.period
        assert found.cancel_at == known.cancel_at or known.is_over
        invoices = Invoice.objects.filter(reference=found.public_id, total_minor__gt=0).order_by("id")
        asked = list(invoices.values_list("total_minor", "state"))
        assert [total for total, _ in asked] == known.invoices
        assert {number for number, (_, state) in enumerate(asked) if state == "paid"} == known.paid
        charged = SandboxCharge.objects.filter(kind="charge", status="succeeded")
        assert sum(charged.values_list("amount_minor", flat=True)) == sum(one.paid_minor for one in self._all())

    @precondition(lambda self: self.id and not self.known.is_over)
    @invariant()
    def what_was_agreed_is_known(self) -> None:
        found, known = Subscription.objects.get(pk=self.id), self.known
        support = found.addons.kept().filter(addon_id=self.support.pk).values_list("quantity", flat=True)
        assert (found.plan_id, found.quantity, sum(support)) == (
            self.plans[known.terms.plan].pk, known.terms.seats, known.terms.support,
        )  # fmt: skip
        assert waiting_minor(found.public_id, found.currency) == known.waiting
        planned = ScheduledChange.objects.of(found).pending().values_list("effective_at", flat=True)
        assert sorted(map(str, planned)) == sorted(str(one.at) for one in known.planned)

    # ------------------------------------------------------------- how it is done

    def _subscribe(self, trial_days: int) -> None:
        plan = self.plans[self.known.terms.plan]
        self.id = subscribe(self.customer, plan, trial_days=trial_days, now=self.known.now).pk
        self.known.subscribe(trial=timedelta(days=trial_days) if trial_days else None)
        self._settle()

    def _all(self) -> list[Expected]:
        return [*self.past, self.known]

    def _foretell(self, to: datetime) -> None:
        for one in self._all():
            one.travel(to)

    def _wanted(self, terms: Terms) -> Wanted:
        return Wanted(
            plan_id=self.plans[terms.plan].pk, quantity=terms.seats, addons=((self.support.pk, terms.support),)
        )

    def _planned(self, at: datetime | None) -> bool:
        return any(one.at == at for one in self.known.planned)

    def _ask(self, crossing: int | None, verb: Any, **given: Any) -> None:
        """Ask for a verb; where a process dies in it nothing has happened, and it is asked for again."""

        def ask() -> None:
            verb(subscription_id=self.id, actor=SYSTEM, now=self.known.now, **given)

        if crossing is None or self._dies(crossing, ask):
            ask()
        self._settle()

    def _dies(self, crossing: int, work: Any) -> bool:
        """Whether the work died at the so many-th point that it crossed."""
        left = [crossing]

        def reach(point: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                note(f"died at {point}")
                raise Died(point)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(failpoints, "reach", reach)
            try:
                work()
            except Died:
                return True
        return False

    def _settle(self) -> None:
        """Whatever is due at this instant is done, as beat and the workers would."""
        moved = 1
        while moved:
            moved = relay_here()
            while outcomes := internal.do_next(*QUEUES):
                moved += len(outcomes)
            moved = moved or self._look()

    def _look(self) -> int:
        environment = tenancy.environment_id()
        due = {kind for kind, at in next_of_duties(environment).items() if at <= self.known.now}
        return internal.look_for_due(environment, kinds=due)

    def _travel(self, to: datetime) -> None:
        environment = tenancy.environment_id()
        while not travel(environment, to=to):
            pass
        self._set_clock(to)

    def _set_clock(self, at: datetime) -> None:
        Environment.objects.filter(pk=tenancy.environment_id()).update(clock_at=at)
        self.undone.enter_context(tenancy.scope(environment_called("sandbox").as_scope()))


def live(lives: int, steps: int, start: int | None = None, *phases: Phase) -> None:
    """This function will live so many lives of so many steps, the same for the same start."""
    known = settings(
        max_examples=lives, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), print_blob=True, phases=phases or tuple(Phase),
    )  # fmt: skip
    # A class of its own, as the seed is kept with it.
    one: Any = type("Life", (Life,), {})
    run_state_machine_as_test(one if start is None else seed(start)(one), settings=known)


@pytest.mark.django_db
@pytest.mark.slow
def test_a_few_lives_are_as_expected() -> None:
    live(2, 12)


@pytest.mark.django_db
@pytest.mark.proof
def test_many_lives_are_as_expected() -> None:
    start = int(os.environ.get("LIFE_SEED") or random.SystemRandom().randrange(10**6))
    sys.stdout.write(f"repeat with LIFE_SEED={start}\n")
    live(int(os.environ.get("LIVES", "500")), 60, start)


def _a_month_too_late(self: Subscription, index: int, *, count: int = 1) -> Period:
    return Period(self.end_of(index), self.end_of(index + count))


@pytest.mark.django_db
def test_a_house_that_skips_a_month_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Subscription, "span", _a_month_too_late)
    life = Life()
    try:
        life.begin(chosen=1, trial_days=0)
        life.both_agree()
        life.time_passes(hours=24 * 45)
        with pytest.raises(AssertionError):
            life.both_agree()
    finally:
        life.undone.close()


@pytest.mark.django_db
def test_a_house_that_gives_nothing_back_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_credits", lambda *_: [])
    life = Life()
    try:
        life.begin(chosen=1, trial_days=0)
        life.time_passes(hours=240)
        life.change_now(terms=Terms(seats=3), behavior="invoice_now", crossing=None)
        with pytest.raises(AssertionError):
            life.both_agree()
    finally:
        life.undone.close()
