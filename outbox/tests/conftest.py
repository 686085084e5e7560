"""Every test of this room begins with a handler that has heard nothing and fails at nothing."""

import pytest

from outbox.tests.kinds import heard, hearing


@pytest.fixture(autouse=True)
def fresh() -> None:
    """A failure that one test asked for is not another's: tests share a process in any order."""
    heard.clear()
    hearing.clear()
