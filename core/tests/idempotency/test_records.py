"""What the database itself refuses of a record, what is purged, and the rules that see what was damaged."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core import clock, health, ids, invariants, tenancy
from core.idempotency import Claim, Held, Kept, claims, keep, purge_expired, take
from core.models import IdempotencyRecord
from core.tenancy import Scope

pytestmark = pytest.mark.django_db

MARK = b"m" * 32
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def claim(key: str = "k", **given: Any) -> Claim:
    return Claim(**{"principal": "key:key_1", "key": key, "fingerprint": MARK} | given)


def held(key: str = "k", **given: Any) -> Held:
    taken = take(claim(key, **given))
    assert isinstance(taken, Held)
    return taken


def finished(key: str = "k", *, expires_at: datetime | None = None) -> IdempotencyRecord:
    keep(held(key), Kept(status=201, body='{"id": "x"}'))
    if expires_at is not None:
        IdempotencyRecord.objects.filter(key=key).update(expires_at=expires_at)
    return IdempotencyRecord.objects.get(key=key)


def under_way(key: str = "k") -> IdempotencyRecord:
    claims.advance(held(key), claims.INTENT_RECORDED, effect="tests.nothing", subject=ids.new())
    return IdempotencyRecord.objects.get(key=key)


def test_a_record_tells_how_a_request_ended() -> None:
    row = finished()
    assert (row.state, row.recovery_point, row.status, row.body) == ("completed", "finished", 201, '{"id": "x"}')
    assert row.completed_at is not None
    assert abs(row.expires_at - row.completed_at - timedelta(hours=24)) < timedelta(seconds=1)
    assert row.locked_until is None


@pytest.mark.parametrize(
    "damage",
    [
        {"status": 500}, {"status": 503}, {"status": 400}, {"status": 401}, {"status": 403}, {"status": 405},
        {"status": 411}, {"status": 413}, {"status": 415}, {"status": 429}, {"status": 302}, {"status": None},
        {"state": "in_flight"}, {"state": "other"}, {"recovery_point": "started"}, {"completed_at": None},
        {"locked_until": NOW}, {"body": "b" * 65_537}, {"body": "ü" * 32_769}, {"fingerprint": b"short"}, {"key": ""},
        {"principal": ""},
    ],
    ids=str,
)  # fmt: skip
def test_no_finished_record_can_be_otherwise(damage: dict[str, Any]) -> None:
    before = finished()
    with pytest.raises(IntegrityError), transaction.atomic():
        IdempotencyRecord.objects.filter(pk=before.pk).update(**damage)
    assert IdempotencyRecord.objects.values().get() == IdempotencyRecord.objects.values().get(pk=before.pk)


@pytest.mark.parametrize(
    "damage",
    [
        {"locked_until": None}, {"status": 201}, {"body": "early"}, {"completed_at": NOW}, {"effect": ""},
        {"subject": None}, {"recovery_point": "finished"}, {"recovery_point": "elsewhere"},
    ],
    ids=str,
)  # fmt: skip
def test_no_record_under_way_can_be_otherwise(damage: dict[str, Any]) -> None:
    row = under_way()
    with pytest.raises(IntegrityError), transaction.atomic():
        IdempotencyRecord.objects.filter(pk=row.pk).update(**damage)
    assert IdempotencyRecord.objects.filter(pk=row.pk, recovery_point="intent_recorded").exists()


def test_a_body_of_the_limit_is_kept() -> None:
    keep(held(), Kept(status=200, body="b" * 65_536))
    assert len(IdempotencyRecord.objects.get().body) == 65_536


def test_claiming_and_keeping_take_one_statement_each(django_assert_num_queries: Callable[[int], Any]) -> None:
    with django_assert_num_queries(1):
        taken = held()
    with django_assert_num_queries(1):
        keep(taken, Kept(status=201, body="{}"))
    with django_assert_num_queries(2):
        take(claim())


def test_a_wait_for_the_first_is_shorter_than_one_for_work() -> None:
    held()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("10s",)


# ---------------------------------------------------------------- purging


def test_what_has_expired_is_purged_and_the_rest_is_not(now: datetime) -> None:
    finished("old", expires_at=now - timedelta(seconds=1))
    finished("on the dot", expires_at=now)
    finished("new", expires_at=now + timedelta(seconds=1))
    assert purge_expired(now=now) == 2
    assert [row.key for row in IdempotencyRecord.objects.all()] == ["new"]
    assert purge_expired(now=now) == 0


def test_what_is_under_way_is_never_purged(now: datetime) -> None:
    row = under_way()
    IdempotencyRecord.objects.filter(pk=row.pk).update(expires_at=now - timedelta(days=400))
    assert purge_expired(now=now) == 0
    assert IdempotencyRecord.objects.filter(pk=row.pk).exists()


def test_a_purge_takes_the_oldest_first_and_no_more_than_it_was_told(now: datetime) -> None:
    for age in range(5):
        finished(f"{age} hours", expires_at=now - timedelta(hours=age))
    assert purge_expired(now=now, limit=2) == 2
    assert sorted(row.key for row in IdempotencyRecord.objects.all()) == ["0 hours", "1 hours", "2 hours"]


def test_a_purge_reaches_every_environment(live_environment: Scope, now: datetime) -> None:
    finished("here", expires_at=now)
    with tenancy.scope(live_environment):
        finished("there", expires_at=now)
    assert purge_expired(now=now) == 2


# ---------------------------------------------------------------- rules

CHECKS = "core_idempotency_completed_has_an_answer", "core_idempotency_only_results_are_kept"


@pytest.mark.parametrize(
    ("rule", "damage"),
    [
        ("completed_has_an_answer", "status = NULL"),
        ("completed_has_an_answer", "completed_at = NULL"),
        ("completed_has_an_answer", "body = ''"),
        ("completed_has_an_answer", "recovery_point = 'gateway_answered'"),
        ("no_failures_kept", "status = 500"),
        ("no_failures_kept", "status = 429"),
    ],
)
def test_the_rules_of_finished_records_can_fail(rule: str, damage: str, owner_sql: Callable[..., Any]) -> None:
    row = finished()
    assert invariants.broken(f"core.idempotency_{rule}") == []
    for name in (*CHECKS, "core_idempotency_under_way_can_go_on"):
        owner_sql(f"ALTER TABLE core_idempotencyrecord DROP CONSTRAINT {name}")
    owner_sql(f"UPDATE core_idempotencyrecord SET {damage}")
    assert [one["id"] for one in invariants.broken(f"core.idempotency_{rule}")] == [str(row.pk)]


@pytest.mark.parametrize(
    "damage", ["created_at = now() - interval '25 hours'", "locked_until = NULL", "effect = ''", "subject = NULL"]
)
def test_the_rule_of_records_under_way_can_fail(damage: str, owner_sql: Callable[..., Any]) -> None:
    row = under_way()
    assert invariants.broken("core.idempotency_none_stuck") == []
    for name in (*CHECKS, "core_idempotency_under_way_can_go_on"):
        owner_sql(f"ALTER TABLE core_idempotencyrecord DROP CONSTRAINT {name}")
    owner_sql(f"UPDATE core_idempotencyrecord SET {damage}")
    assert [one["id"] for one in invariants.broken("core.idempotency_none_stuck")] == [str(row.pk)]


def test_health_counts_what_is_under_way_and_is_worse_when_it_never_ends() -> None:
    finished("done")
    assert health.report("idempotency")["in_flight"] == 0
    row = under_way("going")
    found = health.report("idempotency")
    assert (found["status"], found["in_flight"], found["abandoned"], found["stuck"]) == ("healthy", 1, 0, 0)
    long_ago = clock.wall() - timedelta(hours=25)
    IdempotencyRecord.objects.filter(pk=row.pk).update(created_at=long_ago, locked_until=long_ago)
    found = health.report("idempotency")
    assert (found["status"], found["in_flight"], found["abandoned"], found["stuck"]) == ("degraded", 1, 1, 1)
    assert found["oldest_s"] >= 25 * 3600
