"""The crew: a process that is stopped in the middle of a transaction must not stop whoever is to wake it."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from jobs import claims
from jobs.services import enqueue
from proof.harness.births import Child, Nursery
from proof.harness.crew import Crew
from proof.harness.outside import Outside
from tests.session import Database


def test_a_pause_does_not_wait_for_the_rows_of_the_one_who_is_paused(
    committed: Database, sandbox_scope: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[signal.Signals] = []
    monkeypatch.setattr(Child, "signal", lambda _, number: stopped.append(number))
    monkeypatch.setattr(claims, "OWNER", Child(name="worker0", pid=os.getpid()).owner)
    outside = Outside.of(committed.name)
    outside.run("SET lock_timeout = '2s'")
    crew = Crew(nursery=Nursery(folder=tmp_path), outside=outside, dice=random.Random(1))
    crew.children.append(Child(name="worker0", pid=os.getpid()))
    with sandbox_scope(), transaction.atomic():
        enqueue("test.note", payload={"id": "1"}, key="a")
    held = claims.of_queues("q:mail")
    assert held is not None
    with sandbox_scope(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM jobs_job FOR UPDATE")
        crew.pause_one()
    outside.close()

    assert stopped == [signal.SIGSTOP, signal.SIGCONT]
