"""What is planned for one instant: a change, a pause and a cancellation, in whatever order they were asked for."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import permutations, product
from typing import Any

import pytest

from core.actor import SYSTEM
from core.errors import Refusal
from outbox.models import OutboxEvent
from subscriptions import services
from subscriptions.models import ScheduledChange, Subscription, SubscriptionPause
from subscriptions.proration import Behavior
from subscriptions.services import Wanted
from subscriptions.tests.changing import amounts, change, invoices_of
from subscriptions.tests.factories import make_plan, seats
from subscriptions.tests.migrating import half_way, healthy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seat_sold")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]
DAY = timedelta(days=1)
POLICIES = ("give_back", "restart")
# Whether the pause was asked for first, its policy, whether the change names the instant, and whether workers slept.
# Any two of these meet in every combination; the proof takes them all.
CASES = [
    (False, "give_back", False, False), (False, "restart", True, True), (True, "give_back", True, True),
    (True, "restart", False, True), (True, "restart", True, False),
]  # fmt: skip
ALL = list(product([False, True], POLICIES, [False, True], [False, True]))


class Plans:
    """A paid seat of 20.00 USD a month from 15 January, for which things are planned in the middle of the period."""

    def __init__(self, row: Subscription, now: datetime, freeze: Freeze, run_jobs: Run) -> None:
        self.row, self.freeze, self.run_jobs = row, freeze, run_jobs
        self.at, self.end = half_way(now), self.row.period.ends_at
        freeze(self.at)

    def change(self, when: datetime | None = None, behavior: Behavior | None = None, **wanted: Any) -> None:
        """Schedule a change, of three seats unless told otherwise, for the next period or an instant."""
        services.schedule_change(
            wanted=Wanted(**wanted or {"quantity": 3}), at=when, behavior=behavior, **self._asked()
        )

    def pause(self, policy: str = "give_back", days: int | None = 10) -> None:
        """Plan a pause after the period, of so many days or until somebody resumes it."""
        until = self.end + days * DAY if days else None
        services.pause_subscription(at="period_end", until=until, policy=policy, **self._asked())

    def cancel(self, when: datetime | None = None) -> None:
        """Plan the end, with the period or at an instant."""
        services.cancel_subscription(at=when or "period_end", **self._asked())

    def all(self, plans: Sequence[Callable[[], None]]) -> list[str]:
        """Plan everything in this order, and tell what was refused."""
        refused = []
        for plan in plans:
            try:
                plan()
            except Refusal as refusal:
                refused.append(refusal.code)
        return refused

    def travel(self, *instants: datetime) -> None:
        """Let the workers do what is due at each instant."""
        for at in instants:
            self.freeze(at)
            self.run_jobs()
        self.row.refresh_from_db()

    def charged(self) -> list[list[int]]:
        return [amounts(invoice) for invoice in invoices_of(self.row)]

    def periods(self) -> list[tuple[datetime, datetime]]:
        return list(self.row.periods.order_by("number").values_list("starts_at", "ends_at"))

    def _asked(self) -> dict[str, Any]:
        return {"subscription_id": self.row.pk, "actor": SYSTEM, "now": self.at}


@pytest.fixture
def plans(seat_sold: Subscription, now: datetime, freeze: Freeze, run_jobs: Run) -> Plans:
    return Plans(deepcopy(seat_sold), now, freeze, run_jobs)


def both_orders(*plans: Callable[[], None], swapped: bool) -> list[Callable[[], None]]:
    return list(reversed(plans)) if swapped else list(plans)


@pytest.mark.parametrize(("swapped", "policy", "named", "slept"), CASES)
def test_a_change_with_the_next_period_waits_for_the_pause_to_end(
    plans: Plans, swapped: bool, policy: str, named: bool, slept: bool
) -> None:
    """The next period begins when the pause is over, with what it was to begin with; nothing is prorated."""
    when = plans.end if named else None
    assert plans.all(both_orders(lambda: plans.change(when), lambda: plans.pause(policy), swapped=swapped)) == []
    again = plans.end + 10 * DAY
    plans.travel(*() if slept else (plans.end, plans.end + 5 * DAY, again), again + 3 * DAY)
    assert (plans.row.status, plans.row.quantity, plans.charged()) == ("active", 3, [[2000], [6000]])
    assert [begun for begun, _ in plans.periods()] == [plans.row.created_at, again]
    assert ScheduledChange.objects.get().state == "applied"
    assert healthy()


@pytest.mark.parametrize(("swapped", "policy", "named", "slept"), CASES)
def test_a_plan_of_another_interval_too(plans: Plans, swapped: bool, policy: str, named: bool, slept: bool) -> None:
    yearly = make_plan(seats("190.00", interval="year"))
    when = plans.end if named else None
    planned = both_orders(lambda: plans.change(when, plan_id=yearly.pk), lambda: plans.pause(policy), swapped=swapped)
    assert plans.all(planned) == []
    again = plans.end + 10 * DAY
    plans.travel(*() if slept else (plans.end, plans.end + 5 * DAY), again)
    assert (plans.row.plan_id, plans.charged()) == (yearly.pk, [[2000], [19000]])
    assert plans.periods()[1:] == [(again, again.replace(year=again.year + 1))]
    assert healthy()


@pytest.mark.parametrize(("swapped", "policy", "named"), [(False, "restart", True), (True, "give_back", False)])
def test_until_somebody_resumes_it_the_change_waits_with_it(
    plans: Plans, swapped: bool, policy: str, named: bool
) -> None:
    when = plans.end if named else None
    planned = both_orders(lambda: plans.change(when), lambda: plans.pause(policy, days=None), swapped=swapped)
    assert plans.all(planned) == []
    plans.travel(plans.end, plans.end + 20 * DAY)
    assert (plans.row.status, plans.charged()) == ("paused", [[2000]])
    services.resume_subscription(subscription_id=plans.row.pk, actor=SYSTEM, now=plans.end + 20 * DAY)
    plans.travel(plans.end + 20 * DAY)
    assert (plans.row.status, plans.row.quantity, plans.charged()) == ("active", 3, [[2000], [6000]])
    assert plans.periods()[1][0] == plans.end + 20 * DAY
    assert healthy()


@pytest.mark.parametrize(("swapped", "policy"), [(False, "restart"), (True, "give_back")])
def test_a_change_before_the_end_is_done_before_the_pause(plans: Plans, swapped: bool, policy: str) -> None:
    """With 15.5 of 31 days left from the middle on, a change a quarter later leaves a quarter: 7.75 days."""
    when = plans.at + timedelta(days=7, hours=18)
    planned = both_orders(
        lambda: plans.change(when, Behavior.INVOICE_NOW), lambda: plans.pause(policy), swapped=swapped
    )
    assert plans.all(planned) == []
    plans.travel(when, plans.end, plans.end + 10 * DAY)
    assert plans.charged() == [[2000], [-500, 1500], [6000]]
    assert healthy()


@pytest.mark.parametrize(("swapped", "policy", "slept"), [(False, "restart", False), (True, "give_back", True)])
def test_a_change_inside_the_pause_costs_nothing_until_it_is_over(
    plans: Plans, swapped: bool, policy: str, slept: bool
) -> None:
    when, again = plans.end + 5 * DAY, plans.end + 10 * DAY
    assert plans.all(both_orders(lambda: plans.change(when), lambda: plans.pause(policy), swapped=swapped)) == []
    plans.travel(*() if slept else (plans.end, when), again)
    assert (plans.row.quantity, plans.charged()) == (3, [[2000], [6000]])
    assert healthy()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_change_at_the_end_of_the_pause_comes_with_the_period_that_begins(plans: Plans, policy: str) -> None:
    again = plans.end + 10 * DAY
    plans.pause(policy)
    plans.change(again)
    plans.travel(plans.end, again)
    assert (plans.row.quantity, plans.charged()) == (3, [[2000], [6000]])
    assert healthy()


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_an_end_takes_the_place_of_everything_planned_for_it(plans: Plans, order: tuple[int, ...]) -> None:
    """Whoever was first: the subscription ends with its period, as it was."""
    asked: list[Callable[[], None]] = [plans.change, plans.pause, plans.cancel]
    plans.all([asked[place] for place in order])
    plans.travel(plans.end)
    assert (plans.row.status, plans.row.quantity, plans.charged()) == ("canceled", 1, [[2000]])
    assert not ScheduledChange.objects.exclude(state="withdrawn").exists()
    assert not SubscriptionPause.objects.filter(withdrawn_at=None).exists()
    told = list(OutboxEvent.objects.order_by("id").values_list("type", flat=True))
    assert told.count("subscription.change_scheduled") == told.count("subscription.change_withdrawn")
    assert told.count("subscription.pause_scheduled") == told.count("subscription.pause_withdrawn")
    assert healthy()


@pytest.mark.parametrize("swapped", [False, True], ids=["change first", "end first"])
@pytest.mark.parametrize("later", [timedelta(0), 7 * DAY], ids=["with the period", "a week after"])
def test_what_comes_before_the_end_is_done(plans: Plans, swapped: bool, later: timedelta) -> None:
    """A quarter of the period is left for three seats, which are then had until the end."""
    when = plans.at + timedelta(days=7, hours=18)
    planned = both_orders(
        lambda: plans.change(when, Behavior.INVOICE_NOW), lambda: plans.cancel(plans.end + later), swapped=swapped
    )
    assert plans.all(planned) == []
    plans.travel(when, plans.end, plans.end + later)
    assert (plans.row.status, plans.row.quantity) == ("canceled", 3)
    assert plans.charged() == [[2000], [-500, 1500], *([[6000]] if later else [])]
    assert healthy()


@pytest.mark.parametrize("swapped", [False, True], ids=["change first", "end first"])
def test_a_change_with_a_period_before_the_end_is_done(plans: Plans, swapped: bool) -> None:
    planned = both_orders(plans.change, lambda: plans.cancel(plans.end + 7 * DAY), swapped=swapped)
    assert plans.all(planned) == []
    plans.travel(plans.end, plans.end + 7 * DAY)
    assert (plans.row.status, plans.charged()) == ("canceled", [[2000], [6000]])


@pytest.mark.parametrize("swapped", [False, True], ids=["change first", "end first"])
def test_an_anchor_does_not_move_before_an_end(plans: Plans, swapped: bool) -> None:
    """Refused where the end was decided first; withdrawn, and told, where it was decided later."""
    when = plans.at + 2 * DAY
    planned = both_orders(
        lambda: plans.change(when, Behavior.FULL_CHARGE_RESET_ANCHOR, anchor="now"), plans.cancel, swapped=swapped
    )
    assert plans.all(planned) == (["cancellation_scheduled"] if swapped else [])
    plans.travel(when, plans.end)
    assert (plans.row.status, plans.charged()) == ("canceled", [[2000]])
    assert not ScheduledChange.objects.exclude(state="withdrawn").exists()


def test_who_stays_after_all_has_neither_change_nor_pause(plans: Plans) -> None:
    plans.all([plans.change, plans.pause, plans.cancel])
    services.undo_cancellation(subscription_id=plans.row.pk, actor=SYSTEM, now=plans.at)
    plans.travel(plans.end)
    assert (plans.row.status, plans.row.quantity, plans.charged()) == ("active", 1, [[2000], [2000]])
    assert healthy()


def test_who_is_canceled_at_once_is_told_that_his_pause_falls_away(plans: Plans) -> None:
    plans.pause()
    services.cancel_subscription(subscription_id=plans.row.pk, at="now", actor=SYSTEM, now=plans.at)
    assert OutboxEvent.objects.filter(type="subscription.pause_withdrawn").count() == 1
    assert SubscriptionPause.objects.get().withdrawn_at == plans.at


@pytest.mark.parametrize("slept", [False, True], ids=["in time", "after an outage"])
def test_a_pause_whose_time_is_over_before_it_begins_falls_away(plans: Plans, slept: bool) -> None:
    """Its period was to end on 15 February and the pause on the 20th; another anchor lets it end on 1 March."""
    plans.pause(days=5)
    plans.change(plans.at + 2 * DAY, Behavior.FULL_CHARGE_RESET_ANCHOR, anchor="now")
    moved = (plans.at + 2 * DAY).replace(month=3, day=2)
    plans.travel(*() if slept else (plans.at + 2 * DAY, plans.end, plans.end + 5 * DAY), moved + DAY)
    assert (plans.row.status, plans.row.pauses_at, len(plans.charged())) == ("active", None, 3)
    assert SubscriptionPause.objects.get().withdrawn_at is not None
    assert OutboxEvent.objects.filter(type="subscription.pause_withdrawn").count() == 1
    assert healthy()


def test_a_pause_moves_with_the_end_of_its_period(plans: Plans) -> None:
    """Asked for now, a new anchor breaks the period off; the pause comes after the new one."""
    plans.pause(days=60)
    change(plans.row, plans.at, Behavior.FULL_CHARGE_RESET_ANCHOR, anchor="now")
    ends_at = plans.row.period.ends_at
    assert (plans.row.pauses_at, ends_at > plans.end) == (ends_at, True)
    plans.travel(plans.end, ends_at)
    assert (plans.row.status, plans.row.paused_at) == ("paused", ends_at)
    plans.travel(plans.end + 60 * DAY)
    assert (plans.row.status, plans.periods()[2][0]) == ("active", plans.end + 60 * DAY)
    assert healthy()


def rows(subscription: Subscription) -> int:
    return subscription.events.count()


@pytest.mark.parametrize("first", ["pause", "cancel"])
def test_what_is_refused_leaves_everything_as_it_was(plans: Plans, first: str) -> None:
    getattr(plans, first)()
    before, told = rows(plans.row), OutboxEvent.objects.count()
    assert plans.all([plans.pause]) == [{"pause": "pause_scheduled", "cancel": "cancellation_scheduled"}[first]]
    if first == "cancel":
        assert plans.all([plans.change, plans.cancel]) == ["cancellation_scheduled"] * 2
    assert (rows(plans.row), OutboxEvent.objects.count()) == (before, told)


@pytest.mark.proof
@pytest.mark.parametrize(("swapped", "policy", "named", "slept"), ALL)
@pytest.mark.parametrize(
    "one", [test_a_change_with_the_next_period_waits_for_the_pause_to_end, test_a_plan_of_another_interval_too]
)
def test_in_every_combination(
    plans: Plans, one: Callable[..., None], swapped: bool, policy: str, named: bool, slept: bool
) -> None:
    one(plans, swapped, policy, named, slept)
