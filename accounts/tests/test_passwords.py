"""Passwords: changed by their owner, replaced through a mail."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection

from accounts import internal, services, tasks
from accounts.hashers import Argon2
from accounts.models import Login, PasswordReset
from accounts.tests.factories import PASSWORD, register
from core import errors, ids
from core.actor import SYSTEM, Actor
from jobs.models import Job

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
NEW = "a wholly different phrase"
HOME = "192.0.2.1"


def letters(about: str) -> list[mail.EmailMessage]:
    return [one for one in mail.outbox if about in one.subject]


def log_in(password: str) -> services.Tokens:
    return services.log_in_customer(email="ada@example.com", password=password, address=HOME, now=NOW)


@pytest.fixture
def ada() -> Actor:
    register()
    return services.authenticate_token(log_in(PASSWORD).access_token, now=NOW).actor


def change(actor: Actor, current: str = PASSWORD, new: str = NEW) -> services.Tokens:
    return services.change_password(current=current, new=new, address=HOME, actor=actor, now=NOW)


def reset_token() -> str:
    made = internal.begin_password_reset(Login.objects.get().pk, now=NOW)
    assert made is not None
    return made.token


def test_a_changed_password_ends_the_sessions_before(ada: Actor, facts: Callable[[], list[str]]) -> None:
    before = log_in(PASSWORD)
    fresh = change(ada)
    with pytest.raises(services.CredentialRefused):
        services.authenticate_token(before.access_token, now=NOW)
    services.authenticate_token(fresh.access_token, now=NOW)
    log_in(NEW)
    with pytest.raises(services.WrongCredentials):
        log_in(PASSWORD)
    assert facts()[-1] == "customer.password_changed"


def test_a_change_needs_the_current_password_and_guesses_are_counted(ada: Actor) -> None:
    for _ in range(5):
        with pytest.raises(services.WrongPassword):
            change(ada, current="wrong")
    with pytest.raises(services.TooManyAttempts):
        change(ada)
    assert Login.objects.get().session_version == 1


def test_the_new_password_is_no_easy_one(ada: Actor) -> None:
    with pytest.raises(services.PasswordRefused) as caught:
        change(ada, new="password123")
    assert caught.value.members["errors"][0]["pointer"] == "/new_password"
    log_in(PASSWORD)


def test_a_program_has_no_password() -> None:
    with pytest.raises(errors.NotFound):
        change(SYSTEM)


def test_a_member_changes_his_password_too() -> None:
    user = services.create_operator("grace@example.com", PASSWORD, now=NOW)
    change(Actor(type="member", id=user.public_id))
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_a_forgotten_password_is_replaced_through_a_mail(ada: Actor, run_jobs: Callable[[], int]) -> None:
    services.request_password_reset(email="ADA@example.com", now=NOW)
    run_jobs()
    [sent] = letters("new password")
    assert sent.to == ["ada@example.com"]
    [token] = re.findall(r"#token=(\S+)", str(sent.body))
    services.reset_password(token=token, password=NEW, now=datetime.now(UTC))
    log_in(NEW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM jobs_job t WHERE t::text LIKE %s", [f"%{token}%"])
        assert cursor.fetchone() == (0,)


def test_one_mail_a_minute_is_enough(ada: Actor) -> None:
    for second in (0, 10, 60):
        services.request_password_reset(email="ada@example.com", now=NOW + timedelta(seconds=second))
    assert Job.objects.filter(kind="accounts.mail_password_reset").count() == 2


def test_an_unknown_address_gets_a_job_and_no_mail(run_jobs: Callable[[], int]) -> None:
    services.request_password_reset(email="nobody@example.com", now=NOW)
    assert Job.objects.get().payload == {"login_id": ""}
    run_jobs()
    assert mail.outbox == []


def test_a_login_that_is_gone_gets_no_mail() -> None:
    tasks.mail_password_reset(login_id=str(ids.new()))
    assert mail.outbox == []


def test_a_reset_token_works_once_for_an_hour_and_is_stored_as_a_hash(ada: Actor) -> None:
    late, first, second = reset_token(), reset_token(), reset_token()
    with pytest.raises(services.ResetTokenRefused):
        services.reset_password(token=late, password=NEW, now=NOW + timedelta(hours=1))
    services.reset_password(token=first, password=NEW, now=NOW)
    for used in (first, second):
        with pytest.raises(services.ResetTokenRefused):
            services.reset_password(token=used, password=PASSWORD, now=NOW)
    assert all(len(bytes(row.hash)) == 32 for row in PasswordReset.objects.all())
    log_in(NEW)


def test_a_weak_password_leaves_the_token_good(ada: Actor) -> None:
    token = reset_token()
    with pytest.raises(services.PasswordRefused):
        services.reset_password(token=token, password="short", now=NOW)
    services.reset_password(token=token, password=NEW, now=NOW)


def test_a_disabled_login_is_not_reset(ada: Actor) -> None:
    token = reset_token()
    Login.objects.update(disabled_at=NOW)
    with pytest.raises(services.ResetTokenRefused):
        services.reset_password(token=token, password=NEW, now=NOW)
    assert internal.begin_password_reset(Login.objects.get().pk, now=NOW) is None


def test_the_real_hash_costs_nineteen_mebibytes_and_two_passes() -> None:
    assert "m=19456,t=2,p=1" in Argon2().encode("x", "saltsaltsalt")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("nine char", "password_too_short"), ("password123", "password_too_common"),
        ("ada@example.com", "password_too_similar"), ("Example-ada.COM!", "password_too_similar"),
        ("lovelace12345", "password_too_similar"), ("x" * 129, "password_too_long"),
    ],
)  # fmt: skip
def test_a_password_that_is_easy_too_long_or_made_of_the_address_is_refused(password: str, code: str) -> None:
    with pytest.raises(services.PasswordRefused) as caught:
        services.hash_new_password(email="ada.lovelace@example.com", password=password)
    assert code in {one["code"] for one in caught.value.members["errors"]}


@pytest.mark.parametrize("password", ["ten chars!", "my lovelace is a long phrase", "a\u0301 " * 20, "x1" * 64])
def test_a_long_enough_password_of_any_characters_is_taken(password: str) -> None:
    services.hash_new_password(email="ada.lovelace@example.com", password=password)


@pytest.mark.parametrize(
    "password", ["  spaces around  ", "\u00e1 caf\u00e9 au lait", "a\u0301 cafe\u0301 au lait", "x1" * 64]
)
def test_a_password_is_verified_exactly_as_it_was_typed(password: str) -> None:
    register(password=password)
    log_in(password)
    for other in (password.strip(), password + " ", unicodedata.normalize("NFC", password) + "\u200b", password[:72]):
        if other != password:
            with pytest.raises(services.WrongCredentials):
                services.log_in_customer(email="ada@example.com", password=other, address="198.51.100.9", now=NOW)
