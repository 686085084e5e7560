"""Requests are counted by route and outcome, also by several processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.house import ROOT

ONE_OF_MANY = """
import django
django.setup()
from django.test import RequestFactory
from core.http import traffic
traffic.count(RequestFactory().get("/nowhere"), 404, 0.25)
print(sum(sample.value for family in traffic._families() for sample in family.samples
          if sample.name == "perennial_requests_total"))
"""


def counted(client: Client) -> dict[tuple[str, ...], float]:
    page = client.get("/metrics").content.decode()
    families = {family.name: family.samples for family in text_string_to_metric_families(page)}
    found = {}
    for sample in families["perennial_requests"]:
        if sample.name.endswith("_total"):
            found[tuple(sample.labels[name] for name in ("method", "route", "status"))] = sample.value
    return found


@pytest.mark.django_db
def test_a_request_is_counted_by_its_route_and_outcome() -> None:
    client = Client()
    client.get("/api/v1/health/")
    before = counted(client)
    client.get("/api/v1/health/")
    client.get("/api/v1/subscriptions/sub_01m7xxzm27exe9q3rf1frgepcq")
    client.get("/made/up/7731")
    more = {what: value - before.get(what, 0) for what, value in counted(client).items()}

    assert more[("GET", "subscriptions-detail", "401")] == 1
    assert more[("none", "none", "404")] == 1
    assert sum(value for (_, route, _), value in more.items() if "health" in route) == 1
    assert "7731" not in str(more)


def test_whichever_process_is_asked_answers_for_all(tmp_path: Path) -> None:
    variables = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "made" / "when it is needed"), "ENV": "test"}
    answers = [
        subprocess.run(
            [sys.executable, "-c", ONE_OF_MANY], cwd=ROOT, env=variables, capture_output=True, text=True, check=True
        ).stdout.splitlines()[-1]
        for _ in range(2)
    ]
    assert answers == ["1.0", "2.0"]
