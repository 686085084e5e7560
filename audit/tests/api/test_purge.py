"""`POST /admin/purge`: who may, what goes, and what the log says of it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import ApiKey
from accounts.tests.factories import make_key
from audit.models import Entry
from core import clock, ids, purging, tenancy
from core.models import IdempotencyRecord, scope_of
from core.tenancy import PLATFORM_ID
from core.tenancy.system import system_scope
from jobs.models import Job
from jobs.services import enqueue
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
PURGE = "/api/v1/admin/purge"


def purges() -> list[tuple[str, dict[str, Any]]]:
    with system_scope("test"):
        rows = Entry.objects.filter(action="admin.purge").order_by("id")
        return [(row.outcome, json.loads(row.text)["meta"]) for row in rows]


def finished_job(days: int, state: str = "succeeded") -> Job:
    job = Job.objects.get(pk=enqueue("jobs.advance_clock", payload={}, key=str(ids.new()), run_at=clock.wall()))
    Job.objects.filter(pk=job.pk).update(state=state, finished_at=clock.wall() - timedelta(days=days), last_error="x")
    return job


def expired_record(hours: int) -> IdempotencyRecord:
    then = clock.wall() - timedelta(hours=hours)
    return IdempotencyRecord.objects.create(
        principal="key:key_test", key=str(ids.new()), fingerprint=bytes(32), state="completed",
        recovery_point="finished", status=201, body="{}", request_id="r", created_at=then - timedelta(days=1),
        completed_at=then - timedelta(days=1), expires_at=then,
    )  # fmt: skip


@pytest.fixture
def operator(environment: Any) -> Api:
    """A system key, working in the sandbox."""
    with tenancy.scope(scope_of(PLATFORM_ID)):
        api = Api(make_key(type=ApiKey.Type.SYSTEM))
    api.headers["X-Environment"] = ids.encode("env", environment.environment_id)
    return api


def test_what_is_old_enough_goes_and_the_log_says_why(operator):
    old, young, dead = finished_job(31), finished_job(29), finished_job(400, state="dead")
    gone, kept = expired_record(1), expired_record(-1)
    response = operator.post(PURGE, {"targets": ["finished_jobs", "idempotency_records"], "reason": "disk is full"})

    assert response.status_code == 200, response.json()
    assert response.json() == {
        "outcome": "success", "dry_run": False, "targets": [
            {"target": "finished_jobs", "rows": 1, "is_complete": True, "error": ""},
            {"target": "idempotency_records", "rows": 1, "is_complete": True, "error": ""},
        ],
    }  # fmt: skip
    left = set(Job.objects.values_list("pk", flat=True))
    assert old.pk not in left
    assert {young.pk, dead.pk} <= left
    assert not IdempotencyRecord.objects.filter(pk=gone.pk).exists()
    assert IdempotencyRecord.objects.filter(pk=kept.pk).exists()
    ((outcome, meta),) = purges()
    assert (outcome, meta["reason"]) == ("success", "disk is full")
    assert meta["rows"] == {"finished_jobs": 1, "idempotency_records": 1}


def test_a_dry_run_counts_and_takes_nothing(operator):
    job = finished_job(31)
    body = {"targets": ["finished_jobs"], "dry_run": True, "reason": "looking"}
    assert operator.post(PURGE, body).json()["targets"][0]["rows"] == 1
    assert Job.objects.filter(pk=job.pk).exists()
    assert purges()[0][1]["dry_run"] is True


def test_age_can_be_asked_for(operator):
    finished_job(5)
    body = {"targets": ["finished_jobs"], "older_than_days": 3, "reason": "sooner"}
    assert operator.post(PURGE, body).json()["targets"][0]["rows"] == 1


def test_receipts_keep_their_least_age(operator):
    (receipts,) = purging.named(["outbox_receipts"])
    now = clock.wall()
    assert receipts.before(now, 0) == now - timedelta(days=400)
    assert not receipts.is_daily


def test_one_target_that_fails_leaves_the_others_alone(operator, monkeypatch):
    job = finished_job(31)

    def fail(*_: object) -> int:
        raise RuntimeError("secret detail")

    (jobs,) = purging.named(["finished_jobs"])
    broken = purging.Purger(name="broken", title="", days=0, delete=fail, count=fail)
    monkeypatch.setitem(purging._purgers, "broken", broken)
    response = operator.post(PURGE, {"targets": ["broken", jobs.name], "reason": "try"})

    assert response.json()["outcome"] == "partial"
    assert [one["error"] for one in response.json()["targets"]] == ["RuntimeError", ""]
    assert not Job.objects.filter(pk=job.pk).exists()
    ((outcome, meta),) = purges()
    assert (outcome, meta["failed"]) == ("partial", ["broken"])


def test_a_repeat_takes_nothing_and_is_written_down(operator):
    finished_job(31)
    body = {"targets": ["finished_jobs"], "reason": "once"}
    first = operator.post(PURGE, body, key="purge-1")
    finished_job(31)
    again = operator.post(PURGE, body, key="purge-1")

    assert again.json() == first.json()
    assert Job.objects.filter(state="succeeded").count() == 1
    assert [outcome for outcome, _ in purges()] == ["success", "retry"]


def test_everybody_else_is_refused_and_that_is_written_down(api):
    job = finished_job(31)
    response = api.post(PURGE, {"targets": ["finished_jobs"], "reason": "mine"})

    assert response.status_code == 403
    assert Job.objects.filter(pk=job.pk).exists()
    assert [outcome for outcome, _ in purges()] == ["denied"]
    assert Api("").post(PURGE, {"reason": "x"}).status_code == 401
    assert [outcome for outcome, _ in purges()] == ["denied", "denied"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"targets": ["invoices"], "reason": "x"}, 422), ({"targets": ["finished_jobs"]}, 422), ({"reason": ""}, 422)],
)
def test_a_purge_needs_a_known_target_and_a_reason(operator, body, status):
    assert operator.post(PURGE, body).status_code == status
    assert purges() == []


def test_a_purge_needs_an_idempotency_key(operator):
    response = operator.client.post(PURGE, {"reason": "x"}, content_type="application/json", headers=operator.headers)
    assert response.json()["code"] == "idempotency_key_missing"


def test_another_environment_keeps_its_rows(operator, live_environment):
    with tenancy.scope(live_environment):
        theirs = finished_job(31)
    operator.post(PURGE, {"targets": ["finished_jobs"], "reason": "mine only"})
    with system_scope("test"):
        assert Job.objects.filter(pk=theirs.pk).exists()


def test_the_platform_purges_everywhere(operator):
    job = finished_job(31)
    del operator.headers["X-Environment"]
    assert operator.post(PURGE, {"targets": ["finished_jobs"], "reason": "all"}).json()["targets"][0]["rows"] == 1
    assert not Job.objects.filter(pk=job.pk).exists()
    with system_scope("test"):
        assert Entry.objects.get(action="admin.purge").environment_id == PLATFORM_ID


def test_what_can_be_purged_is_listed(operator):
    names = [one["name"] for one in operator.get(PURGE).json()["data"]]
    assert {"finished_jobs", "idempotency_records", "outbox_receipts", "refresh_tokens"} <= set(names)
