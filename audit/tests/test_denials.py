"""A flood of refusals is counted, not copied."""

import json
from datetime import timedelta

import pytest

from audit import denials, internal
from audit.models import Denial, Entry
from core import clock, context
from core.http.refusals import denied
from core.tenancy import PLATFORM_ID
from core.tenancy.system import system_scope

pytestmark = pytest.mark.django_db


def refuse(times: int, *, address: str = "192.0.2.1", code: str = "unauthenticated") -> None:
    for _ in range(times):
        with context.entered(client_ip=address, method="GET", path="/api/v1/plans", request_id="r"):
            denied.send(sender=None, actor_label="anonymous:anonymous", code=code, status=401, environment_id=None)


@pytest.fixture
def entries(environment):
    def of() -> list[Entry]:
        with system_scope("test"):
            return list(Entry.objects.filter(action="request.denied").order_by("id"))

    return of


@pytest.fixture
def pass_time(monkeypatch):
    start = clock.wall().replace(second=0, microsecond=0)
    monkeypatch.setattr(clock, "wall", lambda: start)

    def later(minutes: int) -> None:
        monkeypatch.setattr(clock, "wall", lambda: start + timedelta(minutes=minutes))

    return later


def test_the_first_refusals_of_a_minute_are_written_in_full(entries, pass_time):
    refuse(denials.IN_FULL)
    assert len(entries()) == denials.IN_FULL
    assert json.loads(entries()[0].text)["request"]["path"] == "/api/v1/plans"


def test_a_flood_becomes_one_entry_that_counts_it(entries, pass_time):
    refuse(50)
    assert len(entries()) == denials.IN_FULL
    assert internal.fold_denials() == 0, "the minute is not over"
    pass_time(2)
    assert internal.fold_denials() == 1
    assert internal.fold_denials() == 0

    last = entries()[-1]
    assert len(entries()) == denials.IN_FULL + 1
    assert json.loads(last.text)["meta"]["more"] == 50 - denials.IN_FULL
    assert (last.client_ip, last.outcome, last.environment_id) == ("192.0.2.1", "denied", PLATFORM_ID)
    with system_scope("test"):
        assert not Denial.objects.exists()


def test_each_address_and_each_minute_counts_for_itself(entries, pass_time):
    refuse(denials.IN_FULL + 5)
    refuse(1, address="192.0.2.2")
    refuse(1, code="invalid_credential")
    pass_time(1)
    refuse(1)
    assert len(entries()) == denials.IN_FULL + 3


def test_a_network_of_ipv6_counts_as_one_address(entries, pass_time):
    for number in range(denials.IN_FULL + 3):
        refuse(1, address=f"2001:db8::{number:x}")
    refuse(1, address="2001:db8:1::1")
    assert len(entries()) == denials.IN_FULL + 1


def test_few_refusals_leave_no_row_behind(entries, pass_time):
    refuse(2)
    pass_time(2)
    assert internal.fold_denials() == 0
    with system_scope("test"):
        assert not Denial.objects.exists()
    assert len(entries()) == 2
