"""The audit log at the console: who looks, who is refused, and what its buttons do."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import make_customer
from audit import internal
from audit.models import Entry, Verdict
from audit.tests.api.test_purge import finished_job
from core import ids
from core.tenancy.system import system_scope
from jobs.models import Job

pytestmark = pytest.mark.django_db
LIST = "/admin/audit/entry/"


def entries(action: str) -> list[Entry]:
    with system_scope("test"):
        return list(Entry.objects.filter(action=action).order_by("id"))


def browser(*, is_superuser: bool = True, permissions: str = "") -> Client:
    user: Any = get_user_model().objects.create(
        email="operator@perennial.example", is_staff=True, is_active=True, is_superuser=is_superuser
    )
    user.user_permissions.set(Permission.objects.filter(codename=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def console(environment: Any) -> Client:
    return browser()


def test_whoever_looks_at_a_customer_is_written_down(console):
    customer = make_customer()
    assert console.get(f"/admin/accounts/customer/{customer.pk}/change/").status_code == 200
    assert console.get("/admin/accounts/customer/").status_code == 200

    one, many = entries("console.viewed")
    assert (one.target, one.environment_id) == (customer.public_id, customer.environment_id)
    assert one.actor.startswith("operator:usr_")
    assert json.loads(one.text)["meta"] == {"page": "accounts.customer"}
    assert many.target == ""


def test_pages_without_people_are_looked_at_freely(console):
    console.get(LIST)
    assert entries("console.viewed") == []


def test_a_page_that_one_may_not_see_is_a_refusal(environment):
    client = browser(is_superuser=False)
    assert client.get("/admin/accounts/customer/").status_code == 403
    (entry,) = entries("request.denied")
    assert (entry.outcome, entry.actor[:13]) == ("denied", "operator:usr_")
    assert entries("console.viewed") == []


def test_a_failed_login_is_a_refusal_that_does_not_say_of_whom(environment):
    Client().post("/admin/login/", {"username": "somebody@example.com", "password": "wrong"})
    (entry,) = entries("request.denied")
    assert json.loads(entry.text)["meta"] == {"code": "console_login_failed", "status": 401}
    assert "somebody" not in entry.text


def test_the_page_shows_the_chains(console, grow):
    grow(3)
    internal.verify_chains()
    shown = console.get(LIST).content.decode()
    assert "The chains" in shown
    assert "up to 3" in shown
    assert "outcome__exact=denied" in shown


def test_the_button_verifies_everything(console, grow, owner_sql):
    grow(2)
    assert (
        "Every chain is whole" in console.post(reverse("admin:audit_entry_verify_chains"), follow=True).content.decode()
    )
    owner_sql("DELETE FROM audit_seal WHERE sequence = 1", [], off=["audit_seal"])
    shown = console.post(reverse("admin:audit_entry_verify_chains"), follow=True).content.decode()
    assert "1 broken" in shown
    assert Verdict.objects.get().kind == "deleted"


def test_an_export_is_handed_out_and_written_down(console, grow, environment):
    grow(2)
    body = {"environment": environment.environment_id, "reason": "the auditors ask"}
    response = console.post(reverse("admin:audit_entry_export_chain"), body)

    lines = [json.loads(line) for line in response.getvalue().decode().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2]
    (entry,) = entries("audit.exported")
    assert json.loads(entry.text)["meta"]["reason"] == "the auditors ask"
    assert ids.encode("env", environment.environment_id) in response["Content-Disposition"]


@pytest.mark.parametrize("button", ["export_chain", "purge_rows"])
def test_what_leaves_the_house_or_goes_for_good_asks_who_it_is(console, environment, button):
    job = finished_job(31)
    session = console.session
    session["proved_at"] = 0
    session.save()
    body = {"environment": environment.environment_id, "targets": ["finished_jobs"], "reason": "the disk is full"}
    shown = console.post(reverse(f"admin:audit_entry_{button}"), body)

    assert shown.templates[0].name == "console/step_up.html"
    assert Job.objects.filter(pk=job.pk).exists()
    assert entries("audit.exported") == entries("admin.purge") == []


def test_a_reason_holds_no_card_number(console):
    job = finished_job(31)
    body = {"targets": ["finished_jobs"], "reason": "he said 4242 4242 4242 4242 on the phone"}
    shown = console.post(reverse("admin:audit_entry_purge_rows"), body)

    assert "never stored" in shown.content.decode()
    assert Job.objects.filter(pk=job.pk).exists()


def test_a_purge_asks_for_a_reason_and_says_what_went(console):
    job = finished_job(31)
    address = reverse("admin:audit_entry_purge_rows")
    assert console.post(address, {"targets": ["finished_jobs"]}).status_code == 200
    assert Job.objects.filter(pk=job.pk).exists()
    shown = console.post(address, {"targets": ["finished_jobs"], "reason": "the disk is full"}, follow=True)

    assert "finished_jobs: 1" in shown.content.decode()
    assert not Job.objects.filter(pk=job.pk).exists()
    (entry,) = entries("admin.purge")
    assert entry.actor.startswith("operator:")


@pytest.mark.parametrize("verb", ["verify_chains", "export_chain", "purge_rows"])
def test_who_may_only_look_has_no_buttons(environment, verb):
    client = browser(is_superuser=False, permissions="view_entry")
    assert client.get(LIST).status_code == 200
    assert client.post(reverse(f"admin:audit_entry_{verb}"), {"reason": "because"}).status_code == 403
    assert entries("audit.exported") == entries("admin.purge") == []
