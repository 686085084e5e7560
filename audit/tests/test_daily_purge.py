"""What goes by itself."""

from datetime import timedelta
from typing import Any

import pytest

from audit import internal
from audit.models import Entry
from audit.tests.api.test_purge import expired_record, finished_job
from core import clock, purging
from core.models import IdempotencyRecord
from core.tenancy.system import system_scope
from jobs.models import Job
from outbox.models import OutboxEvent, Receipt

pytestmark = pytest.mark.django_db


def entries() -> int:
    with system_scope("test"):
        return Entry.objects.filter(action="admin.purge").count()


def test_old_rows_go_and_facts_stay(grow, monkeypatch):
    grow(2)
    fact = OutboxEvent.objects.latest("id")
    Receipt.objects.create(
        consumer="x", event_id=fact.event_id, subject=fact.subject, aggregate_version=1, at=clock.wall()
    )
    old, _ = finished_job(31), expired_record(1)
    facts = OutboxEvent.objects.count()
    later = clock.wall() + timedelta(days=1000)
    done = {one.target: one.rows for one in internal.purge_daily()}
    assert (done["finished_jobs"], done["idempotency_records"]) == (1, 1)
    assert "outbox_receipts" not in done
    assert not Job.objects.filter(pk=old.pk).exists()
    assert entries() == 1

    monkeypatch.setattr(clock, "wall", lambda: later)
    internal.purge_daily()
    assert (OutboxEvent.objects.count(), Receipt.objects.count()) == (facts, 1)


def test_nothing_to_forget_is_nothing_to_write_down(environment):
    internal.purge_daily()
    before = entries()
    internal.purge_daily()
    assert entries() == before


def test_many_rows_go_in_batches(environment, monkeypatch):
    monkeypatch.setattr(purging, "BATCH", 3)
    for _ in range(7):
        expired_record(1)
    (mine,) = [one for one in internal.purge_daily() if one.target == "idempotency_records"]
    assert (mine.rows, mine.is_complete) == (7, True)
    assert not IdempotencyRecord.objects.exists()


def test_a_kind_that_fails_leaves_the_others_alone(environment, monkeypatch):
    def fail(*_: Any) -> int:
        raise RuntimeError

    monkeypatch.setitem(
        purging._purgers, "a", purging.Purger(name="a", title="", days=0, delete=fail, count=fail)
    )  # fmt: skip
    expired_record(1)
    done = {one.target: one.error for one in internal.purge_daily()}
    assert (done["a"], done["idempotency_records"]) == ("RuntimeError", "")
    assert not IdempotencyRecord.objects.exists()


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="twice"):
        purging.purger(purging.purgers()[0])
