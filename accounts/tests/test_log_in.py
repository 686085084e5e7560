"""Registering and logging in, and what happens to those who guess."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import hashers

from accounts import services
from accounts.models import Customer, Login, LoginAttempt, User
from accounts.services import _attempts
from accounts.tests.factories import PASSWORD, register
from core import errors, ids, tenancy
from core.tenancy import Scope

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
HOME = "192.0.2.1"


def log_in(password: str = PASSWORD, *, email: str = "ada@example.com", address: str = HOME, at: datetime = NOW) -> Any:
    return services.log_in_customer(email=email, password=password, address=address, now=at)


def fail(times: int, **where: Any) -> None:
    for _ in range(times):
        with pytest.raises(services.WrongCredentials):
            log_in("wrong", **where)


def test_who_registers_is_a_customer_with_a_session(facts: Callable[[], list[str]]) -> None:
    customer, tokens = register("Ada@Example.com")
    assert customer.email == "ada@example.com"
    assert facts() == ["customer.created", "customer.registered"]
    identity = services.authenticate_token(tokens.access_token, now=datetime.now(UTC))
    assert (identity.actor.type, identity.actor.customer_id) == ("customer", customer.pk)
    assert tokens.access_token not in repr(tokens)


def test_the_password_is_stored_as_an_argon2_hash() -> None:
    register()
    stored = Login.objects.get().password
    assert stored.startswith("argon2")
    assert PASSWORD not in stored


def test_an_address_registers_once(facts: Callable[[], list[str]]) -> None:
    register()
    with pytest.raises(services.EmailTaken):
        register("ADA@example.com")
    assert Customer.objects.count() == 1


def test_the_same_address_registers_in_another_environment(live_environment: Scope) -> None:
    register()
    with tenancy.scope(live_environment):
        register()
        assert Login.objects.count() == 1


@pytest.mark.parametrize("weak", ["short", "password1234567"[:8], "1234567890", "ada@example.com"])
def test_a_weak_password_is_refused_and_nobody_registered(weak: str) -> None:
    with pytest.raises(services.PasswordRefused) as caught:
        register(password=weak)
    assert caught.value.members["errors"][0]["pointer"] == "/password"
    assert not Customer.objects.exists()


def test_the_right_password_opens() -> None:
    customer, _ = register()
    assert log_in(email="ADA@example.com").subject == customer.public_id


def test_a_login_opens_only_its_environment(live_environment: Scope) -> None:
    register()
    with tenancy.scope(live_environment), pytest.raises(services.WrongCredentials):
        log_in()


def test_an_unknown_address_costs_the_same_hash_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    register()
    hashed = count_hashes(monkeypatch)
    fail(1)
    for_wrong = hashed()
    fail(1, email="nobody@example.com")
    assert (for_wrong, hashed()) == (1, 2)


def count_hashes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    calls: list[str] = []
    hasher: Any = type(hashers.get_hasher())
    whole = hasher.encode, hasher.verify

    def encode(self: Any, *args: Any) -> Any:
        calls.append("encode")
        return whole[0](self, *args)

    def verify(self: Any, *args: Any) -> Any:
        calls.append("verify")
        return whole[1](self, *args)

    monkeypatch.setattr(hasher, "encode", encode)
    monkeypatch.setattr(hasher, "verify", verify)
    return lambda: len(calls)


def test_a_disabled_login_is_told_nothing_else() -> None:
    register()
    Login.objects.update(disabled_at=NOW)
    fail(1)


def test_from_the_fifth_failure_on_one_waits_longer_and_longer() -> None:
    register()
    fail(5)
    at = NOW
    for seconds in (1, 2, 4, 8, 16, 32, 60, 60):
        with pytest.raises(services.TooManyAttempts) as caught:
            log_in(at=at)
        assert caught.value.headers == {"Retry-After": str(seconds)}
        at += timedelta(seconds=seconds)
        fail(1, at=at)


def test_an_attempt_while_waiting_does_not_lengthen_the_wait() -> None:
    register()
    fail(5)
    for _ in range(10):
        with pytest.raises(services.TooManyAttempts):
            log_in()
    log_in(at=NOW + timedelta(seconds=1))


def test_an_unknown_address_waits_as_well() -> None:
    fail(5, email="nobody@example.com")
    with pytest.raises(services.TooManyAttempts):
        log_in(email="nobody@example.com")


def test_a_guesser_elsewhere_does_not_shut_the_owner_out() -> None:
    register()
    fail(5, address="198.51.100.7")
    log_in()


def test_success_forgets_the_failures_of_this_address() -> None:
    register()
    fail(4)
    log_in()
    fail(4)
    log_in()


def test_a_day_forgets_too() -> None:
    register()
    fail(4)
    fail(4, at=NOW + timedelta(days=1))
    log_in(at=NOW + timedelta(days=1))


@pytest.fixture
def small_crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_attempts, "PER_ACCOUNT", (6, timedelta(hours=1)))
    monkeypatch.setattr(_attempts, "PER_ADDRESS", (3, timedelta(minutes=15)))


@pytest.mark.usefixtures("small_crowds")
def test_an_address_that_tries_many_accounts_waits() -> None:
    for name in "abc":
        fail(1, email=f"{name}@example.com")
    with pytest.raises(services.TooManyAttempts):
        log_in(email="d@example.com")
    fail(1, email="d@example.com", at=NOW + timedelta(minutes=15))


@pytest.mark.usefixtures("small_crowds")
def test_a_crowd_at_one_account_keeps_strangers_out_and_lets_known_addresses_in() -> None:
    register()
    log_in()
    for last in range(6):
        fail(1, address=f"203.0.113.{last}")
    with pytest.raises(services.TooManyAttempts):
        log_in(address="203.0.113.99")
    log_in()


def test_two_addresses_of_one_ipv6_network_are_one() -> None:
    register()
    for last in range(5):
        fail(1, address=f"2001:db8::{last + 1}")
    with pytest.raises(services.TooManyAttempts):
        log_in(address="2001:db8::ffff")


def test_the_counters_hold_no_addresses() -> None:
    fail(1)
    assert all(len(bytes(row.subject)) == 32 for row in LoginAttempt.objects.all())
    assert LoginAttempt.objects.count() == 3


def member(role: str, scope: Scope) -> User:
    user = services.create_operator("grace@example.com", PASSWORD, now=NOW)
    services.join_tenant(user_id=user.pk, tenant_id=scope.tenant_id, role=role, now=NOW)
    return user


def member_log_in(scope: Scope, password: str = PASSWORD) -> services.Tokens:
    return services.log_in_member(
        email="Grace@example.com", password=password, environment_id=scope.environment_id, address=HOME, now=NOW
    )


def test_a_member_works_in_an_environment_of_his_tenant(environment: Scope) -> None:
    user = member("finance", environment)
    identity = services.authenticate_token(member_log_in(environment).access_token, now=NOW)
    assert (identity.actor.type, identity.actor.id, identity.scope) == ("member", user.public_id, environment)
    assert identity.actor.may("invoices:write")
    assert not identity.actor.may("customers:write")


def test_a_viewer_may_write_nothing(environment: Scope) -> None:
    member("viewer", environment)
    actor = services.authenticate_token(member_log_in(environment).access_token, now=NOW).actor
    assert actor.may("customers:read")
    assert not actor.may("customers:write")


def test_somebody_without_a_place_in_the_tenant_is_no_member(environment: Scope) -> None:
    services.create_operator("grace@example.com", PASSWORD, now=NOW)
    with pytest.raises(services.WrongCredentials):
        member_log_in(environment)


def test_a_member_is_refused_for_a_wrong_password_and_an_unknown_environment(environment: Scope) -> None:
    member("owner", environment)
    with pytest.raises(services.WrongCredentials):
        member_log_in(environment, "wrong")
    nowhere = Scope(environment_id=ids.new(), tenant_id=environment.tenant_id, kind="live")
    with pytest.raises(services.WrongCredentials):
        member_log_in(nowhere)


def test_naming_another_environment_is_no_fresh_start(environment: Scope, live_environment: Scope) -> None:
    member("owner", environment)
    for _ in range(5):
        with pytest.raises(services.WrongCredentials):
            member_log_in(environment, "wrong")
    with pytest.raises(services.TooManyAttempts):
        member_log_in(live_environment)


def test_a_member_who_left_is_somebody_else(environment: Scope) -> None:
    user = member("owner", environment)
    token = member_log_in(environment).access_token
    User.objects.filter(pk=user.pk).update(is_active=False)
    with pytest.raises(services.CredentialRefused):
        services.authenticate_token(token, now=NOW)


def test_an_operator_made_twice_is_one_operator_with_the_new_password() -> None:
    services.create_operator("op@example.com", "first password", now=NOW)
    user = services.create_operator("OP@example.com", "second password", now=NOW)
    assert User.objects.filter(email="op@example.com").count() == 1
    assert user.check_password("second password")
    assert user.is_superuser


def test_nobody_joins_a_tenant_that_is_not_there() -> None:
    user = services.create_operator("op@example.com", PASSWORD)
    with pytest.raises(errors.NotFound):
        services.join_tenant(user_id=user.pk, tenant_id=ids.new(), role="owner", now=NOW)
