"""How soon a process learns of a decision: its own at once, another's within a moment."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core import tenancy
from core.actor import SYSTEM
from core.tenancy import Scope
from featureflags import decisions, services
from tests.fixtures import NOW
from tests.house import ROOT
from tests.session import Database

LONG = 3600.0
# Another process, which says what it knows and then waits until it knows better.
WATCHER = """
import django
django.setup()
from django.db import transaction
from core import tenancy
from core.models import Environment
from featureflags.services import is_on
with transaction.atomic():
    scope = Environment.objects.get(tenant__slug="default", slug="sandbox").as_scope()
def look():
    with tenancy.scope(scope), transaction.atomic():
        return is_on("new_billing_flow")
print(look(), flush=True)
while not look():
    pass
print(True, flush=True)
"""


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    decisions._known.clear()
    yield
    decisions._known.clear()


@pytest.mark.django_db
def test_a_process_reads_the_decisions_once_in_a_moment(settings: Any) -> None:
    settings.FEATURE_FLAGS_FRESH_S = LONG
    with CaptureQueriesContext(connection) as first:
        assert not services.is_on("new_billing_flow")
    assert len(first) == 1
    with CaptureQueriesContext(connection) as later:
        assert services.is_on("plans_enabled")
        assert not services.is_on("new_billing_flow")
    assert len(later) == 0


@pytest.mark.django_db
def test_a_process_knows_its_own_decisions_at_once(settings: Any) -> None:
    settings.FEATURE_FLAGS_FRESH_S = LONG
    assert not services.is_on("new_billing_flow")
    services.set_override(name="new_billing_flow", is_on=True, actor=SYSTEM, now=NOW)
    assert services.is_on("new_billing_flow")
    services.clear_override(name="new_billing_flow", actor=SYSTEM, now=NOW)
    assert not services.is_on("new_billing_flow")


@pytest.mark.django_db
def test_what_is_known_stays_small(settings: Any, monkeypatch: pytest.MonkeyPatch, live_environment: Scope) -> None:
    settings.FEATURE_FLAGS_FRESH_S = LONG
    monkeypatch.setattr(decisions, "MOST_ENVIRONMENTS", 1)
    services.is_on("new_billing_flow")
    with tenancy.scope(live_environment):
        services.is_on("new_billing_flow")
    assert list(decisions._known) == [live_environment.environment_id]


@pytest.mark.slow
def test_another_process_learns_of_a_decision_within_seconds(
    committed: Database, sandbox_scope: Callable[[], Any]
) -> None:
    variables = committed.environment | {"FEATURE_FLAGS_FRESH_S": "0.5", "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", WATCHER]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | variables, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "False\n"
        with sandbox_scope(), transaction.atomic():
            services.set_override(name="new_billing_flow", is_on=True, actor=SYSTEM, now=NOW)
        assert watcher.stdout.readline() == "True\n"
        assert watcher.wait(timeout=30) == 0
