"""Jobs over HTTP."""

import hashlib
from collections.abc import Callable

import pytest

from jobs import internal, selectors
from jobs.models import Job
from jobs.registry import QUEUES
from jobs.services import _dead_letters, enqueue
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


def test_one_is_shown_with_the_timeline_of_its_attempts(api, dead):
    shown = api.get(f"{JOBS}/{dead.public_id}").json()

    (attempt,) = shown["timeline"]
    assert (attempt["life"], attempt["number"], attempt["outcome"], attempt["error_class"]) == (
        1,
        1,
        "dead",
        "Conflict",
    )
    assert "Conflict" in attempt["error"]
    assert shown["payload_hash"] == hashlib.sha256(b"{}").hexdigest()


@pytest.fixture
def several(environment) -> list[Job]:
    """Three dead letters of one kind, and a fourth of another."""
    for key in "abc":
        enqueue("test.refuse", payload={}, key=key)
    enqueue("test.strict", payload={"unknown": "x"}, key="d")
    internal.work("q:mail", seconds=5)
    return list(Job.objects.dead().order_by("id"))


@pytest.fixture
def told(facts) -> Callable[[], list[str]]:
    """The facts about jobs; those about the key that asks are left out."""
    return lambda: [one for one in facts() if one.startswith("job.")]


def states() -> list[str]:
    return list(Job.objects.order_by("id").values_list("state", flat=True))


@pytest.mark.parametrize(("verb", "state"), [("requeue", "pending"), ("discard", "discarded")])
def test_several_are_dealt_with_by_their_ids(api, several, told, verb, state):
    body = {"ids": [row.public_id for row in several[:2]], "reason": "the receiver is back"}
    answer = api.post(f"{JOBS}/{verb}", body).json()

    assert answer == {"jobs": body["ids"], "still_dead": 2}
    assert states() == [state, state, "dead", "dead"]
    assert told() == [f"job.{verb}{'d' if verb == 'requeue' else 'ed'}"] * 2


@pytest.mark.parametrize(
    ("common", "left"),
    [
        ({"kind": "test.refuse"}, ["pending", "pending", "pending", "dead"]),
        ({"error_class": "PayloadMismatch"}, ["dead", "dead", "dead", "pending"]),
        ({"queue": "q:mail"}, ["pending"] * 4),
        ({"queue": "q:mail", "kind": "test.note"}, ["dead"] * 4),
    ],
)
def test_those_that_have_something_in_common_are_brought_back(api, several, common, left):
    answer = api.post(f"{JOBS}/requeue", {"filter": common, "reason": "mended"})

    assert (answer.status_code, states()) == (200, left)
    assert answer.json()["still_dead"] == left.count("dead")


def test_of_many_the_oldest_come_first(api, several, monkeypatch):
    monkeypatch.setattr(_dead_letters, "MOST", 2)
    answer = api.post(f"{JOBS}/discard", {"filter": {"kind": "test.refuse"}, "reason": "too late"}).json()

    assert (answer["still_dead"], states()) == (2, ["discarded", "discarded", "dead", "dead"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "selection_empty"),
        ({"filter": {}}, "selection_empty"),
        ({"ids": ["job_01m7xxzm27exe9q3rf1frgepcq"], "filter": {"kind": "test.refuse"}}, "selection_empty"),
        ({"ids": ["job_01m7xxzm27exe9q3rf1frgepcq"]}, "not_found"),
        ({"ids": []}, "validation_failed"),
        ({"ids": ["inv_01m7xxzm27exe9q3rf1frgepcq"]}, "validation_failed"),
        ({"filter": {"state": "dead"}}, "validation_failed"),
    ],
)
@pytest.mark.parametrize("verb", ["requeue", "discard"])
def test_an_unclear_selection_changes_nothing(api, several, told, verb, body, code):
    answer = api.post(f"{JOBS}/{verb}", {"reason": "why not", **body})

    assert answer.json()["code"] == code
    assert (states(), told()) == (["dead"] * 4, [])


def test_one_that_lives_among_the_ids_keeps_all_as_they_are(api, several, told):
    enqueue("test.note", payload={}, key="living")
    living = Job.objects.get(state="pending")
    body = {"ids": [several[0].public_id, living.public_id], "reason": "why not"}
    answer = api.post(f"{JOBS}/requeue", body).json()

    assert (answer["code"], answer["job"]) == ("job_not_dead", living.public_id)
    assert (states(), told()) == ([*["dead"] * 4, "pending"], [])


def test_another_environments_dead_letters_are_not_touched(stranger_api, several):
    by_id = stranger_api.post(f"{JOBS}/discard", {"ids": [several[0].public_id], "reason": "mine"})
    in_common = stranger_api.post(f"{JOBS}/discard", {"filter": {"queue": "q:mail"}, "reason": "mine"})

    assert (by_id.status_code, in_common.json()) == (404, {"jobs": [], "still_dead": 0})
    assert states() == ["dead"] * 4


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
