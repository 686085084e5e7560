"""Jobs over HTTP."""

import pytest

from jobs import internal, selectors
from jobs.models import Job
from jobs.registry import QUEUES
from jobs.services import enqueue
from jobs.tests import kinds

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/jobs"


@pytest.fixture
def dead(environment) -> Job:
    enqueue("test.refuse", payload={}, key="a")
    enqueue("test.note", payload={"id": "1"}, key="b")
    internal.work("q:mail", seconds=5)
    return Job.objects.get(state="dead")


def test_the_dead_letters_are_listed_with_what_killed_them(api, dead):
    (shown,) = api.get(JOBS, state="dead").json()["data"]

    assert (shown["id"], shown["kind"], shown["attempts"]) == (dead.public_id, "test.refuse", 1)
    assert "Conflict" in shown["last_error"]
    assert "payload" not in shown


def test_one_is_requeued(api, dead):
    response = api.post(f"{JOBS}/{dead.public_id}/requeue", {"reason": "the receiver is back"})

    assert (response.status_code, response.json()["state"]) == (200, "pending")
    assert Job.objects.get(pk=dead.pk).attempts == 0


def test_one_is_discarded(api, dead):
    response = api.post(f"{JOBS}/{dead.public_id}/discard", {"reason": "no longer wanted"})

    assert (response.json()["state"], response.json()["discard_reason"]) == ("discarded", "no longer wanted")


@pytest.mark.parametrize("verb", ["requeue", "discard"])
def test_a_living_job_is_left_alone(api, dead, verb):
    living = Job.objects.get(state="succeeded")
    response = api.post(f"{JOBS}/{living.public_id}/{verb}", {"reason": "why not"})

    assert (response.status_code, response.json()["code"]) == (409, "job_not_dead")
    assert Job.objects.get(pk=living.pk).state == "succeeded"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x", "kind": "test.note"}])
def test_without_a_reason_nothing_happens(api, dead, body):
    assert api.post(f"{JOBS}/{dead.public_id}/requeue", body).status_code in (400, 422)
    assert Job.objects.get(pk=dead.pk).state == "dead"


def test_another_environments_job_is_not_there(stranger_api, dead):
    assert stranger_api.get(f"{JOBS}/{dead.public_id}").status_code == 404
    assert stranger_api.post(f"{JOBS}/{dead.public_id}/requeue", {"reason": "mine"}).status_code == 404
    assert stranger_api.get(JOBS).json()["data"] == []


def test_the_queues_say_how_deep_they_are(dead):
    enqueue("test.note", payload={}, key="waiting")
    enqueue("test.fail", payload={}, key="failing")
    internal.work("q:mail", seconds=5)
    enqueue("test.note", payload={}, key="next")

    found = selectors.list_queues()
    assert (found["q:mail"].depth, found["q:mail"].running, found["q:mail"].delayed, found["q:mail"].dead) == (
        1,
        0,
        1,
        1,
    )
    assert set(found) == set(QUEUES)
    assert kinds.done


def test_the_health_shows_the_queues(api, dead):
    queues = api.get("/api/v1/health/detailed").json()["components"]["queues"]

    assert queues["status"] == "healthy"
    counters = [queues["q:mail"][name] for name in ("processed", "succeeded", "failed", "dead_lettered", "dead")]
    assert counters == [2, 1, 0, 1, 1]
    assert queues["q:mail"]["last_poll_at"].endswith("+00:00")
    assert queues["q:mail"]["dead"] == 1
