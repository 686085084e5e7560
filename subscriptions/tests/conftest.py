"""Every test of subscriptions begins at one instant of a frozen clock."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from core import events
from subscriptions.models import Subscription
from subscriptions.tests.factories import make_plan, seats, subscribe
from tests.fixtures import NOW, do_all_jobs
from tests.shared import Freeze, Worlds


@pytest.fixture
def freeze_now(freeze: Callable[[datetime], None], now: datetime) -> None:
    """The sandbox's clock stands at `now`."""
    freeze(now)


# Who hears of everything and changes nothing of what these tests are about: two thirds of all handlers' jobs.
UNHEARD = ("webhooks.queue_deliveries", "billing.print_invoice", "billing.print_receipt")


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Deliver and print nothing. A module that looks at webhooks or documents has a `quiet` of its own."""
    with pytest.MonkeyPatch.context() as patch:
        all_of = events.handlers_of
        patch.setattr(events, "handlers_of", lambda kind: [one for one in all_of(kind) if one.name not in UNHEARD])
        yield


@pytest.fixture(scope="module")
def seat_sold(worlds: Worlds) -> Subscription:
    """The world of a module that begins with one seat, sold and paid: 20.00 USD a month from 15 January."""
    return worlds.build(sell_a_seat)


def sell_a_seat(freeze: Freeze) -> Subscription:
    freeze(NOW)
    sold = subscribe(plan=make_plan(seats("20.00")))
    do_all_jobs()
    sold.refresh_from_db()
    return sold
