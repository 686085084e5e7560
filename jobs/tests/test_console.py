"""The engine room on the console."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from core import tenancy
from core.actor import SYSTEM
from core.tenancy.system import system_scope
from jobs import internal, services
from jobs.models import Job
from jobs.services import enqueue
from outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db
JOBS = "admin:jobs_job_changelist"


@pytest.fixture
def operator() -> Client:
    """The browser of an operator of the engine room."""
    user: Any = get_user_model().objects.create(email="operator@perennial.example", is_staff=True, is_active=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="jobs"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def dead(environment, live_environment) -> list[Job]:
    """Two dead letters in the sandbox and one in live."""
    enqueue("test.refuse", payload={}, key="a")
    enqueue("test.refuse", payload={}, key="b")
    with tenancy.scope(live_environment):
        enqueue("test.refuse", payload={}, key="c")
    internal.work("q:mail", seconds=5)
    with system_scope("test"):
        return list(Job.objects.order_by("id"))


def choose(client: Client, action: str, jobs: list[Job], **more: str) -> Any:
    chosen = {"action": action, "_selected_action": [str(one.pk) for one in jobs], **more}
    return client.post(reverse(JOBS), chosen, follow=True)


def states() -> list[str]:
    with system_scope("test"):
        return list(Job.objects.order_by("id").values_list("state", flat=True))


def told() -> list[str]:
    with system_scope("test"):
        return list(OutboxEvent.objects.filter(type__startswith="job.").values_list("type", flat=True))


def test_choosing_dead_letters_asks_for_a_reason_first(operator, dead):
    page = choose(operator, "requeue_jobs", dead)

    assert "Requeue the dead letters" in page.content.decode()
    assert "3 chosen" in page.content.decode()
    assert (states(), told()) == (["dead"] * 3, [])


@pytest.mark.parametrize(
    ("action", "state", "fact"),
    [("requeue_jobs", "pending", "job.requeued"), ("discard_jobs", "discarded", "job.discarded")],
)
def test_the_chosen_dead_letters_of_several_environments_are_dealt_with(operator, dead, action, state, fact):
    choose(operator, action, [dead[0], dead[2]], reason="the receiver is back")

    assert states() == [state, "dead", state]
    assert told() == [fact] * 2


def test_a_living_job_among_the_chosen_keeps_all_as_they_are(operator, dead):
    services.requeue_job(job_id=dead[1].id, reason="mended", actor=SYSTEM, now=dead[1].created_at)
    page = choose(operator, "discard_jobs", dead, reason="never mind")

    assert "Only a dead letter can be requeued or discarded." in page.content.decode()
    assert (states(), told()) == (["dead", "pending", "dead"], ["job.requeued"])


def test_who_may_only_look_has_no_such_action(dead):
    user: Any = get_user_model().objects.create(email="looker@perennial.example", is_staff=True, is_active=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_job"))
    looker = Client()
    looker.force_login(user)
    choose(looker, "requeue_jobs", dead, reason="because")

    assert "requeue_jobs" not in looker.get(reverse(JOBS)).content.decode()
    assert (states(), told()) == (["dead"] * 3, [])


def test_a_jobs_page_shows_its_timeline_its_traceback_and_its_payloads_hash(operator, dead):
    page = operator.get(reverse("admin:jobs_job_change", args=[dead[0].pk])).content.decode()

    assert "core.errors.Conflict" in page
    assert dead[0].payload_hash in page
    assert '<span class="badge badge-bad">dead</span>' in page
    assert "<details><summary>Conflict</summary>" in page


def test_the_queues_are_shown_with_counters_and_throughput(operator, dead):
    answer = operator.get(reverse("admin:jobs_queuehour_changelist"))
    page = answer.content.decode()

    assert list(answer.context["queues"]) == list(services.QUEUES)
    mail = answer.context["queues"]["q:mail"]
    assert (mail.dead, mail.processed, mail.dead_lettered) == (3, 3, 3)
    assert f"{reverse(JOBS)}?queue=q%3Amail&amp;state__exact=dead" in page
    assert [sum(bar["bar"].value for bar in chart["bars"]) for chart in answer.context["charts"]] == [0, 3]
