"""Verification by the clock, and who is told of it."""

import logging
from datetime import timedelta

import pytest

from audit import internal, services, verification
from audit.models import Head, Verdict
from audit.verification import _rows
from core import clock, health
from outbox.services import send_test_fact

pytestmark = pytest.mark.django_db


@pytest.fixture
def length(grow) -> int:
    grow(4)
    return 4


def mine() -> Verdict:
    return Verdict.objects.get()


def test_a_whole_chain_is_remembered_as_far_as_it_was_verified(length):
    assert internal.verify_chains() == 0
    assert (mine().sequence, mine().kind, mine().broken_at) == (4, "", None)
    assert mine().full_at is not None


def test_the_next_look_begins_where_the_last_one_ended(length, grow, monkeypatch):
    internal.verify_chains()
    grow(1)
    began: list[int] = []
    verify = verification.verify_chain

    def noted(*, since: int = 0) -> verification.Walked:
        began.append(since)
        return verify(since=since)

    monkeypatch.setattr(verification, "verify_chain", noted)
    internal.verify_chains()
    assert max(began) == 4
    assert mine().sequence == 5

    tomorrow = clock.wall() + timedelta(days=1)
    monkeypatch.setattr(clock, "wall", lambda: tomorrow)
    began.clear()
    internal.verify_chains()
    assert max(began) == 0


def test_a_broken_chain_is_an_alarm_until_it_is_whole(length, owner_sql, caplog):
    internal.verify_chains()
    owner_sql("UPDATE audit_entry SET outcome = 'denied' WHERE text LIKE '%%entry 1%%'", [], off=["audit_entry"])
    with caplog.at_level(logging.CRITICAL):
        assert internal.verify_chains() == 0, "what was verified before is looked at again once a day"
        assert internal.verify_chains(full=True) == 1

    assert (mine().kind, mine().broken_at, mine().sequence) == ("edited", 2, 4)
    assert "audit.broken" in caplog.text
    assert health.report("audit")["status"] == health.DEGRADED
    assert health.report("audit")["broken"] == 1
    assert internal.verify_chains() == 1, "a broken chain is looked at whole every time"


def test_a_chain_shorter_than_its_verdict_is_found(length, owner_sql):
    internal.verify_chains()
    owner_sql("DELETE FROM audit_seal", [], off=["audit_seal"])
    owner_sql("DELETE FROM audit_head")

    assert internal.verify_chains() == 1
    assert (mine().kind, mine().broken_at) == ("truncated", 1)


def test_health_tells_of_open_tables_and_of_a_sealer_that_sleeps(length, owner_sql, actor, now, monkeypatch):
    assert health.report("audit")["status"] == health.HEALTHY
    send_test_fact(note="late", actor=actor, now=now)
    later = clock.wall() + timedelta(minutes=5)
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert health.report("audit")["status"] == health.DEGRADED
    internal.seal()
    assert health.report("audit")["status"] == health.HEALTHY

    owner_sql("ALTER TABLE audit_seal DISABLE TRIGGER append_only_rows")
    assert health.report("audit")["broken"] == 1


def test_health_tells_of_a_file_that_others_may_read(length, settings, tmp_path):
    path = tmp_path / "audit.jsonl"
    path.touch(mode=0o644)
    settings.AUDIT_LOG_PATH = str(path)
    assert health.report("audit")["status"] == health.DEGRADED


def test_what_is_sealed_while_somebody_walks_is_no_break(grow, monkeypatch):
    """A chain grows all the time: the place to which it must reach is the one it had before the walk."""
    grow(3)
    real = _rows.seals

    def busy(*asked):
        yield from real(*asked)
        grow(2)

    monkeypatch.setattr(_rows, "seals", busy)
    walked = verification.verify_chain()
    assert (walked.found, Head.objects.get().sequence - walked.sequence) == (None, 2)


def test_a_long_chain_is_walked_whole_and_its_gaps_are_found(grow, owner_sql, monkeypatch):
    monkeypatch.setattr(_rows, "AT_ONCE", 2)
    grow(9)
    length = Head.objects.get().sequence
    assert verification.verify_chain() == verification.Walked(
        chain=services.chain_name(), sequence=length, found=None
    )  # fmt: skip
    owner_sql("DELETE FROM audit_seal WHERE sequence BETWEEN 3 AND 7", off=("audit_seal",))
    found = verification.verify_chain().found
    assert (found.kind, found.sequence) == ("deleted", 3)
