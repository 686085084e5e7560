"""Real processes for the journeys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.processes import Running, processes
from tests.session import Database


@pytest.fixture
def house(committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The house on this test's database, nothing of it started yet."""
    monkeypatch.delenv("WEB_WORKERS")
    with processes(tmp_path, committed.environment) as running:
        yield running
