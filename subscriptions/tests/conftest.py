"""Every test of subscriptions begins at one instant of a frozen clock."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from core import events


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
