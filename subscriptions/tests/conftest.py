"""Every test of subscriptions begins at one instant of a frozen clock."""

from collections.abc import Callable
from datetime import datetime

import pytest


@pytest.fixture
def freeze_now(freeze: Callable[[datetime], None], now: datetime) -> None:
    """The sandbox's clock stands at `now`."""
    freeze(now)
