"""API keys: issued, revoked, rotated, and proved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts import credentials, services
from accounts.models import ApiKey
from accounts.tests.factories import make_key
from audit.models import Entry
from core import errors, ids, tenancy
from core.actor import SYSTEM, Actor
from core.models import scope_of
from core.tenancy import Scope

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def only_key() -> ApiKey:
    return ApiKey.objects.get()


def test_only_the_hash_of_a_key_is_stored(facts: Callable[[], list[str]]) -> None:
    secret = make_key()
    with connection.cursor() as cursor:
        for table in ("accounts_apikey", "outbox_outboxevent", "audit_entry"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{secret[-32:]}%"])
            assert cursor.fetchone() == (0,)
    row = only_key()
    assert bytes(row.hash) == credentials.digest(secret)
    assert (row.lookup, row.last_four) == (secret[8:16], secret[-4:])
    assert facts() == ["api_key.issued"]


def test_a_key_opens_its_environment(environment: Scope) -> None:
    found = services.authenticate_key(make_key(scopes=["read", "usage:write"]), now=NOW)
    assert found.actor.type == "key"
    assert found.actor.scopes == {"read", "usage:write"}
    assert found.scope == environment


def test_the_prefix_names_the_kind_of_environment(live_environment: Scope) -> None:
    assert make_key().startswith("sk_test_")
    assert make_key(type="publishable").startswith("pk_test_")
    with tenancy.scope(live_environment):
        key = make_key()
        assert key.startswith("sk_live_")
    assert services.authenticate_key(key, now=NOW).scope == live_environment


def test_a_publishable_key_has_no_scopes() -> None:
    actor = services.authenticate_key(make_key(type="publishable"), now=NOW).actor
    assert (actor.type, actor.scopes) == ("publishable", frozenset())


@pytest.mark.parametrize("spoil", [lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"), lambda _: "sk_test_x",
                                   lambda key: key.replace("sk_test", "sk_live"), lambda _: ""])  # fmt: skip
def test_a_wrong_key_opens_nothing(spoil: Callable[[str], str]) -> None:
    key = make_key()
    with pytest.raises(services.CredentialRefused):
        services.authenticate_key(spoil(key), now=NOW)


def test_a_key_ends_at_its_instant() -> None:
    key = make_key(expires_at=NOW + timedelta(hours=1), now=NOW)
    services.authenticate_key(key, now=NOW + timedelta(minutes=59))
    with pytest.raises(services.CredentialRefused):
        services.authenticate_key(key, now=NOW + timedelta(hours=1))


def test_a_key_that_has_ended_is_not_issued(actor: Actor) -> None:
    with pytest.raises(errors.Invalid):
        make_key(expires_at=NOW, now=NOW)
    assert not ApiKey.objects.exists()


def test_a_revoked_key_opens_nothing_and_is_revoked_once(facts: Callable[[], list[str]], actor: Actor) -> None:
    key = make_key(now=NOW)
    services.revoke_api_key(key_id=only_key().pk, actor=actor, now=NOW)
    with pytest.raises(services.CredentialRefused):
        services.authenticate_key(key, now=NOW)
    with pytest.raises(services.ApiKeyEnded):
        services.revoke_api_key(key_id=only_key().pk, actor=actor, now=NOW)
    assert facts() == ["api_key.issued", "api_key.revoked"]


def test_an_unknown_key_is_not_revoked(actor: Actor) -> None:
    with pytest.raises(errors.NotFound):
        services.revoke_api_key(key_id=ids.new(), actor=actor, now=NOW)


def test_a_rotated_key_works_beside_the_new_one_for_the_overlap(actor: Actor) -> None:
    old = make_key(scopes=["read"], name="shop", now=NOW)
    issued = services.rotate_api_key(key_id=only_key().pk, actor=actor, now=NOW)
    assert (issued.key.name, issued.key.scopes) == ("shop", ["read"])
    assert issued.secret not in repr(issued)
    services.authenticate_key(old, now=NOW + timedelta(hours=23))
    with pytest.raises(services.CredentialRefused):
        services.authenticate_key(old, now=NOW + timedelta(hours=24))
    services.authenticate_key(issued.secret, now=NOW + timedelta(days=99))


def test_a_key_that_has_ended_is_not_rotated(actor: Actor) -> None:
    make_key(now=NOW)
    row = only_key()
    services.revoke_api_key(key_id=row.pk, actor=actor, now=NOW)
    with pytest.raises(services.ApiKeyEnded):
        services.rotate_api_key(key_id=row.pk, actor=actor, now=NOW)
    assert ApiKey.objects.count() == 1


def test_nobody_gives_more_than_he_has() -> None:
    reader = Actor(type="key", id="key_reader", scopes=frozenset({"read", "api-keys:write"}))
    with pytest.raises(services.ScopeRefused):
        make_key(scopes=["write"], actor=reader)
    make_key(scopes=["customers:read"], actor=reader)


def test_a_scope_has_a_form() -> None:
    with pytest.raises(errors.Invalid):
        make_key(scopes=["everything"])


def test_the_last_use_is_noted_once_a_minute() -> None:
    key = make_key()
    for second in (0, 30, 59, 60, 90):
        services.authenticate_key(key, now=NOW + timedelta(seconds=second))
    assert only_key().last_used_at == NOW + timedelta(seconds=60)


def test_a_system_key_names_its_environment_and_each_use_is_audited(environment: Scope) -> None:
    with tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        key = make_key(type="system")
    assert key.startswith("sys_")
    found = services.authenticate_key(key, environment=ids.encode("env", environment.environment_id), now=NOW)
    assert (found.actor.type, found.scope) == ("operator", environment)
    assert Entry.objects.filter(action="system_key.used", actor=found.actor.label).count() == 1
    assert services.authenticate_key(key, now=NOW).scope.environment_id == tenancy.PLATFORM_ID
    for unknown in ("env_nothing", ids.encode("env", ids.new())):
        with pytest.raises(services.CredentialRefused):
            services.authenticate_key(key, environment=unknown, now=NOW)


def test_a_tenants_key_cannot_name_another_environment(environment: Scope, live_environment: Scope) -> None:
    key = make_key()
    services.authenticate_key(key, environment=ids.encode("env", environment.environment_id), now=NOW)
    with pytest.raises(services.CredentialRefused):
        services.authenticate_key(key, environment=ids.encode("env", live_environment.environment_id), now=NOW)


def test_system_keys_belong_to_the_platform_and_no_others_do() -> None:
    with pytest.raises(services.ScopeRefused):
        make_key(type="system")
    with tenancy.scope(scope_of(tenancy.PLATFORM_ID)), pytest.raises(services.ScopeRefused):
        make_key(type="secret", actor=SYSTEM)
