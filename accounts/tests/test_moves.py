"""How far a clock is on its way, asked between the slices of its move: over the API and on the console's page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count, pairwise
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.tests.api.clients import with_key
from accounts.tests.factories import PASSWORD, make_customer
from core import clock, ids
from core.actor import SYSTEM
from core.tenancy import Scope
from jobs import internal, time_travel
from jobs.models import Job
from jobs.services import advance_clock
from subscriptions.tests.factories import make_plan, monthly, subscribe
from tests.fixtures import NOW

pytestmark = pytest.mark.django_db

QUEUE = "q:sub:usage_sync"
DAYS = 8
DAY = timedelta(days=1)
MINUTES = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Seen:
    """What somebody is told who asks between two slices."""

    state: str
    at: datetime
    percent: int
    facts: int
    sequences: list[int]
    page: str


@pytest.fixture
def slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds pass between two looks at the machine's watch, so that each slice has time for one instant."""
    ticking = partial(next, count(0.0, 10.0))
    monkeypatch.setattr(time_travel, "clock", SimpleNamespace(now=clock.now, monotonic=ticking))


@pytest.fixture
def ask(environment: Scope) -> Callable[[], Seen]:
    """Ask the API, and read the console's page."""
    api, console = with_key(), Client()
    console.force_login(services.create_operator("op@example.com", PASSWORD, now=NOW))
    path = f"/api/v1/environments/{ids.encode('env', environment.environment_id)}/clock?limit=100"
    page = reverse("admin:core_environment_change", args=[environment.environment_id])

    def seen() -> Seen:
        told = api.get(path).json()
        return Seen(
            state=told["state"], at=datetime.fromisoformat(told["clock_at"]), percent=told["move"]["percent"],
            facts=told["move"]["facts"], sequences=[fact["sequence"] for fact in told["happened"]],
            page=console.get(page).content.decode(),
        )  # fmt: skip

    return seen


@pytest.mark.usefixtures("slow_machine")
def test_between_its_slices_a_long_move_tells_how_far_it_is(
    freeze: Callable[[datetime], None], ask: Callable[[], Seen]
) -> None:
    freeze(NOW)
    subscribe(make_customer(), make_plan(monthly("0", interval="day")))
    advance_clock(to=NOW + DAYS * DAY, actor=SYSTEM, now=NOW)
    told = [ask()]
    while told[-1].state == "moving":
        # One slice, which leaves the rest to another job.
        assert internal.do_next(QUEUE) == [(QUEUE, "succeeded")]
        told.append(ask())

    assert (told[0].percent, told[-1].percent) == (0, 100)
    assert Job.objects.filter(kind="jobs.advance_clock").count() == len(told) - 1 >= DAYS
    assert {one.percent for one in told} >= {100 * day // DAYS for day in range(1, DAYS)}
    for one in told[:-1]:
        assert one.percent == min(99, int(100 * ((one.at - NOW) / (DAYS * DAY))))
        way = f"from {NOW:{MINUTES}} to {NOW + DAYS * DAY:{MINUTES}}, {one.percent} %, {one.facts} facts"
        assert f"moving at {one.at:{MINUTES}} – {way}" in one.page
    for earlier, later in pairwise(told):
        assert earlier.percent <= later.percent
        assert earlier.sequences == later.sequences[: earlier.facts]
    assert 0 < told[DAYS // 2].facts < told[-1].facts == len(told[-1].sequences)
