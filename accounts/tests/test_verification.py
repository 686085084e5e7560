"""Addresses proved by a mailed link; registrations that tell nobody who has an account."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from accounts import services
from accounts.models import Customer, EmailVerification, Login, PendingRegistration
from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import PASSWORD, register
from core import clock, tenancy
from core.actor import SYSTEM
from core.tenancy import Scope
from jobs.models import Job
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

AUTH = "/api/v1/auth"
ADA = {"email": "ada@example.com", "password": PASSWORD}


def tokens(about: str) -> list[str]:
    text = "".join(str(one.body) for one in mail.outbox if about in one.subject)
    return re.findall(r"#token=(\S+)", text)


@pytest.fixture
def door() -> Api:
    return with_key(type="publishable")


def test_who_registers_is_written_to_and_proves_his_address(
    door: Api, run_jobs: Callable[[], int], facts: Callable[[], list[str]]
) -> None:
    customer, _ = register()
    run_jobs()
    [token] = tokens("your address")
    assert door.post(f"{AUTH}/verify-email", {"token": token}).status_code == 204
    customer.refresh_from_db()
    assert customer.email_verified_at is not None
    assert facts()[-1] == "customer.email_verified"
    assert problem(door.post(f"{AUTH}/verify-email", {"token": token})) == (422, "verification_invalid")
    assert facts().count("customer.email_verified") == 1


def test_the_link_needs_no_key_but_another_environments_key_does_not_fit(
    run_jobs: Callable[[], int], live_environment: Scope
) -> None:
    register()
    run_jobs()
    [token] = tokens("your address")
    with tenancy.scope(live_environment):
        stranger = with_key(type="publishable")
    assert problem(stranger.post(f"{AUTH}/verify-email", {"token": token})) == (422, "verification_invalid")
    assert Customer.objects.get().email_verified_at is None
    assert Api("").post(f"{AUTH}/verify-email", {"token": token}).status_code == 204


def test_a_changed_address_is_unverified_again_and_the_old_link_proves_nothing(run_jobs: Callable[[], int]) -> None:
    customer, _ = register()
    run_jobs()
    services.update_customer(
        customer_id=customer.pk, changes={"email": "other@example.com"}, actor=SYSTEM, now=clock.now()
    )
    [token] = tokens("your address")
    with pytest.raises(services.VerificationRefused):
        services.verify_email(token=token, now=clock.wall())
    customer.refresh_from_db()
    assert customer.email_verified_at is None


def test_a_verified_address_that_changes_is_unverified() -> None:
    customer, _ = register()
    Customer.objects.update(email_verified_at=clock.wall())
    change: dict[str, Any] = {"customer_id": customer.pk, "actor": SYSTEM, "now": clock.now()}
    services.update_customer(changes={"name": "Ada"}, **change)
    assert Customer.objects.get().email_verified_at is not None
    services.update_customer(changes={"email": "other@example.com"}, **change)
    assert Customer.objects.get().email_verified_at is None


def test_an_old_link_is_worthless(run_jobs: Callable[[], int]) -> None:
    register()
    run_jobs()
    [token] = tokens("your address")
    with pytest.raises(services.VerificationRefused):
        services.verify_email(token=token, now=clock.wall() + timedelta(days=3))
    assert EmailVerification.objects.get().used_at is None


def test_a_customer_has_himself_written_to_again(run_jobs: Callable[[], int]) -> None:
    _, mine = register()
    assert with_token(mine.access_token).post(f"{AUTH}/send-verification").status_code == 202
    run_jobs()
    assert len(tokens("your address")) == 2
    assert problem(with_key().post(f"{AUTH}/send-verification")) == (403, "wrong_credentials")


def test_a_password_chosen_through_a_mail_proves_the_address_too(run_jobs: Callable[[], int], door: Api) -> None:
    register()
    door.post(f"{AUTH}/forgot-password", {"email": "ada@example.com"})
    run_jobs()
    [token] = tokens("new password")
    door.post(f"{AUTH}/reset-password", {"token": token, "password": "a wholly different phrase"})
    assert Customer.objects.get().email_verified_at is not None


@pytest.fixture
def strict(settings: Any) -> None:
    settings.REGISTRATION_PRIVACY = "strict"


def outline(response: Any) -> tuple[int, Any]:
    return response.status_code, response.json()


@pytest.mark.usefixtures("strict")
def test_a_taken_and_a_free_address_get_one_answer_and_the_same_work(door: Api) -> None:
    register("taken@example.com")
    before = Job.objects.count()
    free = door.post(f"{AUTH}/register", {**ADA, "email": "free@example.com"})
    after_free = Job.objects.count()
    taken = door.post(f"{AUTH}/register", {**ADA, "email": "taken@example.com"})
    assert outline(free) == (202, {"email": "free@example.com"})
    assert outline(taken) == (202, {"email": "taken@example.com"})
    assert (after_free - before, Job.objects.count() - after_free) == (1, 1)
    assert PendingRegistration.objects.count() == 2
    assert Login.objects.count() == 1
    for email in ("free@example.com", "taken@example.com"):
        wrong = door.post(f"{AUTH}/login", {"email": email, "password": "not the password"})
        assert problem(wrong) == (401, "login_failed")


@pytest.mark.usefixtures("strict")
def test_only_the_mail_completes_a_private_registration(door: Api, run_jobs: Callable[[], int]) -> None:
    door.post(f"{AUTH}/register", {**ADA, "name": "Ada"})
    assert problem(door.post(f"{AUTH}/login", ADA)) == (401, "login_failed")
    run_jobs()
    [token] = tokens("Complete")
    assert door.post(f"{AUTH}/verify-email", {"token": token}).status_code == 204
    assert door.post(f"{AUTH}/login", ADA).status_code == 200
    customer = Customer.objects.get()
    assert (customer.name, customer.email_verified_at is not None) == ("Ada", True)
    assert problem(door.post(f"{AUTH}/verify-email", {"token": token})) == (422, "verification_invalid")


@pytest.mark.usefixtures("strict")
def test_two_registrations_of_one_address_make_one_login(door: Api, run_jobs: Callable[[], int]) -> None:
    door.post(f"{AUTH}/register", ADA)
    door.post(f"{AUTH}/register", {**ADA, "password": "the password of somebody else"})
    run_jobs()
    first, second = tokens("Complete")
    assert door.post(f"{AUTH}/verify-email", {"token": first}).status_code == 204
    assert problem(door.post(f"{AUTH}/verify-email", {"token": second})) == (422, "verification_invalid")
    assert (Login.objects.count(), Customer.objects.count()) == (1, 1)


@pytest.mark.usefixtures("strict")
def test_who_has_an_account_is_told_so_by_mail_alone(door: Api, run_jobs: Callable[[], int]) -> None:
    register()
    door.post(f"{AUTH}/register", ADA)
    run_jobs()
    assert [one.to for one in mail.outbox if "account already" in one.subject] == [["ada@example.com"]]
    assert tokens("Complete") == []


def test_reuse_and_a_new_password_are_told_by_mail(door: Api, run_jobs: Callable[[], int]) -> None:
    _, mine = register()
    body = {"refresh_token": mine.refresh_token}
    last = door.post(f"{AUTH}/refresh", body).json()
    door.post(f"{AUTH}/refresh", {"refresh_token": last["refresh_token"]})
    assert problem(door.post(f"{AUTH}/refresh", body)) == (401, "invalid_refresh_token")
    inside = door.post(f"{AUTH}/login", ADA).json()
    changed = {"current_password": PASSWORD, "new_password": "a wholly different phrase"}
    assert with_token(inside["access_token"]).post(f"{AUTH}/change-password", changed).status_code == 200
    run_jobs()
    told = [one.subject for one in mail.outbox if one.to == ["ada@example.com"]]
    assert sorted(told) == ["Is this your address?", "One of your sessions was ended", "Your password was changed"]


def test_a_member_forgets_his_password_without_a_key(run_jobs: Callable[[], int]) -> None:
    user = services.create_operator("grace@example.com", PASSWORD, now=clock.wall())
    for email in ("grace@example.com", "nobody@example.com"):
        assert outline(Api("").post(f"{AUTH}/forgot-password", {"email": email})) == (202, {"email": email})
    platform = tenancy.PLATFORM_ID
    with tenancy.scope(Scope(environment_id=platform, tenant_id=platform, kind="platform")):
        run_jobs()
    [token] = tokens("new password")
    body = {"token": token, "password": "a wholly different phrase"}
    assert Api("").post(f"{AUTH}/reset-password", body).status_code == 204
    user.refresh_from_db()
    assert user.check_password(body["password"])
    assert user.session_version == 3
