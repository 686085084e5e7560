"""Refunds above the limit of one person, over HTTP and at the console."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import services as accounts
from accounts.models import Approval
from accounts.tests.api.clients import problem, with_key, with_member
from accounts.tests.factories import PASSWORD
from core import clock
from core.tenancy import Scope
from payments.models import Refund
from payments.tests.factories import make_paid

pytestmark = pytest.mark.django_db

APPROVALS = "/api/v1/approvals"


@pytest.fixture(autouse=True)
def limit(settings: Any) -> None:
    settings.APPROVAL_LIMITS = {"USD": 1000}


def refund_of(payment: Any) -> str:
    return f"/api/v1/payments/{payment.public_id}/refund"


def test_a_member_asks_another_approves_and_the_money_goes_back_once(
    environment: Scope, run_jobs: Callable[[], int]
) -> None:
    payment = make_paid()
    ada, grace = (with_member(environment, "finance", f"{name}@example.com") for name in ("ada", "grace"))
    asked = ada.post(refund_of(payment), {"reason": "unhappy"})
    assert (asked.status_code, asked.json()["state"], asked.json()["amount_minor"]) == (202, "pending", 1050)
    assert not Refund.objects.exists()
    place = f"{APPROVALS}/{asked.json()['id']}"
    assert problem(ada.post(f"{place}/approve")) == (403, "four_eyes")
    assert problem(with_key().post(f"{place}/approve")) == (403, "wrong_credentials")
    assert not Refund.objects.exists()
    done = grace.post(f"{place}/approve", {"reason": "so am I"})
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    assert done.json()["result"] == Refund.objects.get().public_id
    assert problem(grace.post(f"{place}/approve")) == (409, "approval_decided")
    run_jobs()
    assert [one.amount_minor for one in Refund.objects.all()] == [1050]
    payment.refresh_from_db()
    assert payment.refunded_minor == 1050


def test_up_to_the_limit_and_with_a_key_it_is_done_at_once(environment: Scope) -> None:
    small, large = make_paid(), make_paid()
    ada = with_member(environment, "finance", "ada@example.com")
    assert ada.post(refund_of(small), {"amount_minor": 1000}).json()["status"] == "pending"
    assert with_key().post(refund_of(large)).json()["amount_minor"] == 1050
    assert not Approval.objects.exists()
    assert Refund.objects.count() == 2


def test_what_was_refunded_meanwhile_is_not_refunded_again(environment: Scope) -> None:
    payment = make_paid()
    ada, grace = (with_member(environment, "finance", f"{name}@example.com") for name in ("ada", "grace"))
    place = f"{APPROVALS}/{ada.post(refund_of(payment)).json()['id']}"
    with_key().post(refund_of(payment), {"amount_minor": 50})
    assert problem(grace.post(f"{place}/approve")) == (409, "approval_outdated")
    assert [one.amount_minor for one in Refund.objects.all()] == [50]
    assert Approval.objects.get().state == "pending"


def test_the_list_is_filtered(environment: Scope) -> None:
    first, second = make_paid(), make_paid()
    ada = with_member(environment, "finance", "ada@example.com")
    one, two = (ada.post(refund_of(payment)).json()["id"] for payment in (first, second))
    ada.post(f"{APPROVALS}/{one}/withdraw")
    assert [row["id"] for row in ada.get(APPROVALS, state="pending").json()["data"]] == [two]
    assert [row["id"] for row in ada.get(APPROVALS, target=first.public_id).json()["data"]] == [one]
    assert ada.get(f"{APPROVALS}/{one}").json()["state"] == "withdrawn"


def browser(email: str) -> Client:
    client = Client()
    client.force_login(accounts.create_operator(email, PASSWORD, now=clock.wall()))
    return client


def test_an_operator_asks_and_another_approves_at_the_console(run_jobs: Callable[[], int]) -> None:
    payment = make_paid()
    ada, grace = browser("ada@example.com"), browser("grace@example.com")
    button = reverse("admin:payments_payment_refund", args=[payment.pk])
    told = ada.post(button, {"reason": "an angry letter"}, follow=True).content.decode()
    assert "above your limit" in told
    row = Approval.objects.get()
    page = grace.get(reverse("admin:accounts_approval_change", args=[row.pk])).content.decode()
    assert "an angry letter" in page
    approve = reverse("admin:accounts_approval_approve", args=[row.pk])
    assert "Somebody else has to decide" in ada.post(approve, {"reason": "mine"}, follow=True).content.decode()
    assert not Refund.objects.exists()
    assert "It is done" in grace.post(approve, {"reason": "I agree"}, follow=True).content.decode()
    assert Refund.objects.get().amount_minor == 1050


def test_a_refund_at_the_console_asks_for_a_fresh_password() -> None:
    payment, client = make_paid(), browser("ada@example.com")
    session = client.session
    session["proved_at"] = clock.unix() - 301
    session.save()
    button = reverse("admin:payments_payment_refund", args=[payment.pk])
    asked = client.post(button, {"reason": "an angry letter"}).content.decode()
    assert "password once more" in asked
    assert not Refund.objects.exists()
    assert not Approval.objects.exists()
