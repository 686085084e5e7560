"""The console's doors: password, code, enrolment, once more, and who may come near."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import services
from accounts.models import ApiKey, User
from accounts.services import _second_factor
from accounts.tests.factories import PASSWORD, make_key
from audit.models import Entry
from core import clock
from core.tenancy.system import system_scope

pytestmark = pytest.mark.django_db

LOGIN, CODE, ENROL, STEP_UP = "/admin/login/", "/admin/login/code/", "/admin/second-factor/", "/admin/step-up/"
ME = {"username": "op@example.com", "password": PASSWORD}


@pytest.fixture
def operator() -> User:
    return services.create_operator("op@example.com", PASSWORD, now=clock.wall())


@pytest.fixture
def browser(operator: User) -> Client:
    """A browser in which the operator has logged in."""
    client = Client()
    assert client.post(LOGIN, ME).status_code == 302
    return client


def code_of(user: User, *, steps: int = 0) -> str:
    """What the operator's authenticator shows, now or some steps of thirty seconds later."""
    device = TOTPDevice.objects.get(user=user)
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = clock.unix() + steps * device.step
    return f"{totp.token():06d}"


@pytest.fixture
def enrolled(operator: User) -> list[str]:
    """The recovery codes of the operator, who has an authenticator."""
    services.begin_enrolment(operator)
    return services.confirm_enrolment(operator, code_of(operator, steps=-1))


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def age(client: Client, name: str, seconds: int) -> None:
    """Let an instant of the session lie so many seconds back."""
    session = client.session
    session[name] = clock.unix() - seconds
    session.save()


def entries(action: str) -> int:
    with system_scope("test"):
        return Entry.objects.filter(action=action).count()


def test_a_right_password_opens_and_leads_where_one_was_going(operator: User) -> None:
    client, to = Client(), reverse("admin:accounts_customer_changelist")
    asked = client.get(to)
    assert asked["Location"].startswith(LOGIN)
    entered = client.post(asked["Location"], ME)
    assert entered["Location"] == to
    assert is_in(client)
    assert entries("console.logged_in") == 1


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/admin/login/", "javascript:1", "/api/"])
def test_no_log_in_leads_out_of_the_console(operator: User, to: str) -> None:
    assert Client().post(f"{LOGIN}?next={to}", ME)["Location"] == "/admin/"


@pytest.mark.parametrize(
    ("email", "password"),
    [("op@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("", ""), ("member@example.com", PASSWORD)],
)  # fmt: skip
def test_whatever_is_wrong_gets_one_answer(operator: User, email: str, password: str) -> None:
    User.objects.create(email="member@example.com", password=operator.password)
    client = Client()
    answer = client.post(LOGIN, {"username": email, "password": password})
    assert answer.status_code == 200
    assert "The e-mail address or the password is not right." in answer.content.decode()
    assert not is_in(client)
    assert entries("console.refused") == 1


def test_guesses_at_the_console_are_slowed_down_and_the_owner_elsewhere_is_not(operator: User) -> None:
    guesser = Client(REMOTE_ADDR="198.51.100.7")
    for _ in range(5):
        guesser.post(LOGIN, {**ME, "password": "wrong"})
    slowed = guesser.post(LOGIN, ME)
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "1")
    assert not is_in(guesser)
    owner = Client()
    owner.post(LOGIN, ME)
    assert is_in(owner)


def test_the_second_step_asks_for_a_code_and_takes_each_once(operator: User, enrolled: list[str]) -> None:
    client = Client()
    assert client.post(LOGIN, ME)["Location"].startswith(CODE)
    assert not is_in(client)
    wrong = client.post(CODE, {"code": "000000"})
    assert "not right" in wrong.content.decode()
    assert not is_in(client)
    code = code_of(operator)
    assert client.post(CODE, {"code": f"{code[:3]} {code[3:]}"})["Location"] == "/admin/"
    assert is_in(client)
    other = Client()
    other.post(LOGIN, ME)
    assert other.post(CODE, {"code": code}).status_code == 200
    assert not is_in(other)


def test_wrong_codes_are_slowed_down_like_wrong_passwords(operator: User, enrolled: list[str]) -> None:
    client = Client()
    client.post(LOGIN, ME)
    answers = [client.post(CODE, {"code": "000000"}).status_code for _ in range(5)]
    assert answers[-1] == 429
    assert client.post(CODE, {"code": code_of(operator)}).status_code == 429
    assert not is_in(client)


def test_a_code_without_a_password_opens_nothing(operator: User, enrolled: list[str]) -> None:
    client = Client()
    assert client.post(CODE, {"code": code_of(operator)})["Location"].startswith(LOGIN)
    assert not is_in(client)


def test_a_right_password_waits_five_minutes_for_its_code(operator: User, enrolled: list[str]) -> None:
    client = Client()
    client.post(LOGIN, ME)
    session = client.session
    session["pending_operator"] = {**session["pending_operator"], "at": clock.unix() - 300}
    session.save()
    assert client.post(CODE, {"code": code_of(operator)})["Location"].startswith(LOGIN)
    assert not is_in(client)


def test_a_recovery_code_opens_once_and_is_kept_as_a_hash(operator: User, enrolled: list[str]) -> None:
    assert len(enrolled) == 10
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert not kept & {one.replace("-", "") for one in enrolled}
    for expected in (True, False):
        client = Client()
        client.post(LOGIN, ME)
        client.post(CODE, {"code": enrolled[0]})
        assert is_in(client) is expected
    assert StaticToken.objects.count() == 9


def test_an_operator_enrols_sees_the_picture_and_the_recovery_codes_once(browser: Client, operator: User) -> None:
    page = browser.get(ENROL).content.decode()
    assert "<svg" in page
    secret = re.search(r'<code class="break-all">([A-Z2-7]+)</code>', page)
    assert secret is not None
    assert 'src="http' not in page
    assert "not right" in browser.post(ENROL, {"code": "000000"}).content.decode()
    assert not services.is_enrolled(operator)
    shown = browser.post(ENROL, {"code": code_of(operator)}).content.decode()
    codes = re.findall(r"\b\w{4}-\w{4}-\w{4}\b", shown)
    assert len(codes) == 10
    assert services.is_enrolled(operator)
    assert is_in(browser)
    again = browser.get(ENROL).content.decode()
    assert not set(codes) & set(re.findall(r"\b\w{4}-\w{4}-\w{4}\b", again))
    assert entries("second_factor.enrolled") == 1


def test_the_secret_of_a_new_authenticator_asks_for_a_fresh_password(browser: Client, operator: User) -> None:
    age(browser, "proved_at", 301)
    assert "<svg" not in browser.get(ENROL).content.decode()
    assert not TOTPDevice.objects.exists()


def test_where_a_second_factor_is_required_nothing_opens_before_it(operator: User, settings: Any) -> None:
    settings.CONSOLE_REQUIRE_OTP = True
    client = Client()
    client.post(LOGIN, ME)
    for place in ("/admin/", reverse("admin:accounts_customer_changelist"), reverse("admin:accounts_apikey_issue")):
        assert client.get(place)["Location"].startswith(ENROL)
    assert client.post(reverse("admin:accounts_apikey_issue"), {"reason": "because"})["Location"].startswith(ENROL)
    client.get(ENROL)
    client.post(ENROL, {"code": code_of(operator)})
    assert is_in(client)


def test_a_session_from_before_the_enrolment_is_ended(browser: Client, operator: User, enrolled: list[str]) -> None:
    assert browser.get("/admin/")["Location"].startswith(LOGIN)


def test_a_lost_telephone_is_removed_by_another_operator(browser: Client, settings: Any, live_environment: Any) -> None:
    lost = services.create_operator("lost@example.com", PASSWORD, now=clock.wall())
    services.begin_enrolment(lost)
    services.confirm_enrolment(lost, code_of(lost))
    done = browser.post(reverse("admin:accounts_user_remove_factor", args=[lost.pk]), {"reason": "lost in the sea"})
    assert done.status_code == 302
    assert not services.is_enrolled(lost)
    client = Client()
    client.post(LOGIN, {"username": "lost@example.com", "password": PASSWORD})
    assert is_in(client)
    assert entries("second_factor.removed") == 1


def test_a_button_that_shows_a_secret_asks_once_more_and_keeps_what_was_typed(browser: Client) -> None:
    make_key(name="shop")
    row = ApiKey.objects.get()
    button = reverse("admin:accounts_apikey_rotate", args=[row.pk])
    typed = {"reason": "a leak, we fear", "overlap_hours": "3"}
    age(browser, "proved_at", 301)
    asked = browser.post(button, typed).content.decode()
    assert "a leak, we fear" in asked
    assert ApiKey.objects.count() == 1
    door = f"{STEP_UP}?next={button}"
    wrong = browser.post(door, {**typed, "step_up_password": "wrong"}).content.decode()
    assert "not right" in wrong
    assert "a leak, we fear" in wrong
    assert ApiKey.objects.count() == 1
    sent_on = browser.post(door, {**typed, "step_up_password": PASSWORD})
    assert (sent_on.status_code, sent_on["Location"]) == (307, button)
    shown = browser.post(sent_on["Location"], typed)
    secret = re.search(r"sk_test_\w{40}", shown.content.decode())
    assert secret is not None
    assert "no-store" in shown.headers["Cache-Control"]
    assert ApiKey.objects.count() == 2
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert secret[0] not in str(browser.session.items()) + str(browser.cookies)


def test_stepping_up_needs_the_code_where_one_is_enrolled(operator: User, enrolled: list[str]) -> None:
    client = Client()
    client.post(LOGIN, ME)
    client.post(CODE, {"code": code_of(operator)})
    age(client, "proved_at", 301)
    alone = client.post(f"{STEP_UP}?next=/admin/", {"step_up_password": PASSWORD})
    assert alone.status_code == 200
    assert client.session["proved_at"] <= clock.unix() - 300
    both = {"step_up_password": PASSWORD, "step_up_code": enrolled[3]}
    assert client.post(f"{STEP_UP}?next=/admin/", both)["Location"] == "/admin/"


def test_an_idle_session_ends_after_half_an_hour_and_a_busy_one_goes_on(browser: Client) -> None:
    row = Session.objects.get()
    nearly_over = clock.wall() + timedelta(minutes=1)
    Session.objects.update(expire_date=nearly_over)
    assert browser.get("/admin/").cookies["sessionid"]["max-age"] == 1800
    row.refresh_from_db()
    assert row.expire_date > nearly_over + timedelta(minutes=28)
    Session.objects.update(expire_date=clock.wall())
    assert browser.get("/admin/")["Location"].startswith(LOGIN)


def test_after_twelve_hours_even_a_busy_session_ends(browser: Client) -> None:
    age(browser, "entered_at", 12 * 3600)
    assert browser.get("/admin/")["Location"].startswith(LOGIN)
    assert browser.get("/admin/").status_code == 302


def test_a_changed_password_ends_the_other_sessions(browser: Client, operator: User) -> None:
    other = Client()
    other.post(LOGIN, ME)
    page = "/admin/password_change/"
    weak = browser.post(page, {"current": PASSWORD, "new": "password123"})
    assert "too common" in weak.content.decode()
    assert is_in(other)
    assert browser.post(page, {"current": PASSWORD, "new": "a wholly different phrase"})["Location"] == "/admin/"
    assert is_in(browser)
    assert not is_in(other)
    assert "not right" in browser.post(page, {"current": "wrong", "new": "another phrase of mine"}).content.decode()


def test_only_the_allowed_networks_find_the_console(operator: User, settings: Any) -> None:
    settings.CONSOLE_ALLOWED_NETWORKS = ["192.0.2.0/24", "2001:db8::/32"]
    for address, expected in (("192.0.2.9", 200), ("2001:db8::7", 200), ("198.51.100.7", 404), ("", 404)):
        assert Client(REMOTE_ADDR=address).get(LOGIN).status_code == expected
    assert Client(REMOTE_ADDR="198.51.100.7").get("/livez").status_code == 200


def test_a_key_is_issued_at_the_console_and_shown_once(browser: Client, environment: Any) -> None:
    issue = reverse("admin:accounts_apikey_issue")
    assert "Issue a key" in browser.get(reverse("admin:accounts_apikey_changelist")).content.decode()
    given = {
        "reason": "for the shop", "environment": str(environment.environment_id), "type": "secret", "name": "shop",
        "scopes": "invoices:read usage:write", "expires_at": "",
    }  # fmt: skip
    refused = browser.post(issue, {**given, "scopes": "everything"}, follow=True)
    assert "no scope" in refused.content.decode() or "No route asks" in refused.content.decode()
    assert not ApiKey.objects.exists()
    shown = browser.post(issue, given).content.decode()
    secret = re.search(r"sk_test_\w{40}", shown)
    assert secret is not None
    row = ApiKey.objects.get()
    assert (row.scopes, row.environment_id) == (["invoices:read", "usage:write"], environment.environment_id)
    assert secret[0] not in browser.get(reverse("admin:accounts_apikey_changelist")).content.decode()


def test_members_are_invited_changed_and_removed_at_the_console(browser: Client, environment: Any) -> None:
    invite = reverse("admin:accounts_membership_invite")
    given = {"reason": "new here", "tenant": str(environment.tenant_id), "email": "new@example.com", "name": ""}
    browser.post(invite, {**given, "role": "owner"})
    first = services_place("new@example.com")
    assert first.role == "owner"
    change = reverse("admin:accounts_membership_change_role", args=[first.pk])
    kept = browser.post(change, {"reason": "less work", "role": "viewer"}, follow=True).content.decode()
    assert "at least one owner" in kept
    browser.post(invite, {**given, "email": "second@example.com", "role": "owner"})
    browser.post(change, {"reason": "less work", "role": "viewer"})
    assert services_place("new@example.com").role == "viewer"
    removed = browser.post(reverse("admin:accounts_membership_remove", args=[first.pk]), {"reason": "left us"})
    assert removed["Location"] == reverse("admin:accounts_membership_changelist")
    assert not User.objects.get(email="new@example.com").memberships.exists()


def services_place(email: str) -> Any:
    return User.objects.get(email=email).memberships.get()


def test_two_uses_of_one_code_are_one(operator: User, enrolled: list[str]) -> None:
    code = code_of(operator)
    assert _second_factor.accept_code(operator, code)
    assert not _second_factor.accept_code(operator, code)
    assert not _second_factor.accept_code(operator, "²²²²²²")


def test_a_member_with_an_authenticator_needs_its_code_over_the_api_too(
    operator: User, enrolled: list[str], environment: Any
) -> None:
    services.join_tenant(user_id=operator.pk, tenant_id=environment.tenant_id, role="owner", now=clock.wall())
    where: dict[str, Any] = {
        "email": "op@example.com", "environment_id": environment.environment_id, "address": "192.0.2.1",
        "now": clock.wall(),
    }  # fmt: skip
    with pytest.raises(services.SecondFactorRequired):
        services.log_in_member(password=PASSWORD, **where)
    with pytest.raises(services.WrongCredentials):
        services.log_in_member(password="wrong", **where)
    with pytest.raises(services.WrongCredentials):
        services.log_in_member(password=PASSWORD, code="000000", **where)
    assert services.log_in_member(password=PASSWORD, code=code_of(operator), **where).subject == operator.public_id
