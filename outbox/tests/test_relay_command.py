"""`manage.py relay`, the relay as a process of its own."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, transaction

from core import clock
from core.actor import SYSTEM
from outbox import internal
from outbox.management.commands import relay
from outbox.models import OutboxEvent
from outbox.services import send_test_fact

DEADLINE_S = 60


def relayed(scope) -> bool:
    with scope(), transaction.atomic():
        return not OutboxEvent.objects.pending().exists()


def test_it_relays_what_is_committed_and_stops_when_told(committed, sandbox_scope, now):
    command = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "relay"]
    with subprocess.Popen(
        command, env=os.environ | committed.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "relaying\n"
        with sandbox_scope():
            send_test_fact(note="x", actor=SYSTEM, now=now)
        until, wake = clock.monotonic() + DEADLINE_S, threading.Event()
        while not relayed(sandbox_scope) and clock.monotonic() < until:
            wake.wait(0.05)
        process.send_signal(signal.SIGTERM)

        assert process.wait(DEADLINE_S) == 0
        assert relayed(sandbox_scope)


@pytest.mark.django_db
def test_while_the_database_is_down_it_waits_and_goes_on(monkeypatch):
    def refuse() -> int:
        raise OperationalError("connection refused")

    monkeypatch.setattr(internal, "relay", refuse)
    assert relay.Command()._once() == relay.DOWN_S


@pytest.mark.parametrize(("moved", "pause"), [(500, 0.0), (0, relay.IDLE_S)])
def test_it_pauses_only_when_there_is_nothing_to_do(monkeypatch, moved, pause):
    monkeypatch.setattr(internal, "relay", lambda: moved)
    assert relay.Command()._once() == pause
