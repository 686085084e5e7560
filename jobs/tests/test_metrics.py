"""The page for Prometheus: what it says, and to whom."""

from datetime import timedelta

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from core import metrics
from core.metrics import GaugeMetricFamily
from core.tests.http.conftest import problem
from jobs import internal, selectors
from jobs.services import enqueue

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-at-least-thirty-two-bytes"


def families(client: Client, **headers: str) -> dict[str, dict[tuple[str, ...], float]]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        family.name: {tuple(one.labels.values()): one.value for one in family.samples}
        for family in text_string_to_metric_families(answer.content.decode())
    }


def test_the_queues_are_told_with_depth_and_counters():
    enqueue("test.note", payload={}, key="a")
    enqueue("test.refuse", payload={}, key="b")
    internal.work("q:mail", seconds=5)
    enqueue("test.note", payload={}, key="c")
    found = families(Client())

    assert found["perennial_queue_jobs"][("q:mail", "depth")] == 1
    assert found["perennial_queue_jobs"][("q:mail", "dead")] == 1
    assert found["perennial_queue_attempts"][("succeeded", "q:mail")] == 1
    assert found["perennial_queue_attempts"][("dead_lettered", "q:mail")] == 1
    assert found["perennial_jobs_last_hour"] == {
        ("test.note", "pending"): 1, ("test.note", "succeeded"): 1, ("test.refuse", "dead"): 1,
    }  # fmt: skip
    assert found["perennial_queue_last_poll_timestamp_seconds"][("q:mail",)] > 1_700_000_000
    assert found["perennial_metrics_up"] == dict.fromkeys(found["perennial_metrics_up"], 1)
    assert len(found["perennial_queue_jobs"]) == 4 * 9


def test_jobs_of_long_ago_are_not_of_the_last_hour(monkeypatch):
    enqueue("test.note", payload={}, key="a")
    monkeypatch.setattr(selectors, "LATELY", timedelta(seconds=-1))

    assert families(Client())["perennial_jobs_last_hour"] == {}


def test_a_source_that_fails_says_so_and_leaves_the_others_standing(monkeypatch):
    def fail() -> list[GaugeMetricFamily]:
        raise RuntimeError

    monkeypatch.setitem(metrics._sources, "broken", fail)
    found = families(Client())

    assert found["perennial_metrics_up"][("broken",)] == 0
    assert found["perennial_metrics_up"][("jobs",)] == 1


def test_a_stranger_is_refused_and_the_token_opens(settings):
    settings.METRICS_ALLOWED_NETWORKS, settings.ADMIN_TOKEN = ["10.1.0.0/16"], TOKEN
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": TOKEN}):
        assert problem(Client().get("/metrics", headers=headers)) == (403, "metrics_forbidden")

    assert families(Client(), Authorization=f"Bearer {TOKEN}")


def test_without_a_token_set_no_token_opens(settings):
    settings.METRICS_ALLOWED_NETWORKS, settings.ADMIN_TOKEN = [], ""

    assert problem(Client().get("/metrics", headers={"Authorization": "Bearer "})) == (403, "metrics_forbidden")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_a_proxy_that_is_not_believed_opens_nothing_with_its_own_address(header):
    assert problem(Client().get("/metrics", headers={header: "127.0.0.1"})) == (403, "metrics_forbidden")


def test_it_is_only_read():
    assert problem(Client().post("/metrics")) == (405, "method_not_allowed")
