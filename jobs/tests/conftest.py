import pytest

from jobs.tests import kinds


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    kinds.done.clear()
