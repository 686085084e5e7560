"""Finding a key by its stored part: one statement, the same as by the ORM, and nothing else seen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts import credentials
from accounts.models import ApiKey
from accounts.services import _key_lookup
from accounts.tests.factories import make_key
from core import clock, tenancy
from core.models import Environment
from core.tenancy import Scope

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(current_setting(%s, true), '')", [name])
        return str(cursor.fetchone()[0])


def test_a_key_is_found_as_the_orm_finds_it(live_environment: Scope) -> None:
    text = make_key(scopes=["read", "usage:write"], expires_at=NOW + timedelta(days=1), now=NOW)
    Environment.objects.filter(pk=tenancy.environment_id()).update(clock_at=NOW)
    row = ApiKey.objects.select_related("environment").get()
    with tenancy.scope(live_environment):
        found = _key_lookup.find(credentials.lookup_of(text) or "", now=NOW)
    assert found is not None
    assert (found.id, found.public_id, found.type, found.hash) == (row.id, row.public_id, row.type, bytes(row.hash))
    assert (found.scopes, found.ends) == (frozenset(row.scopes), (row.revoked_at, row.expires_at))
    assert found.scope == row.environment.as_scope()
    assert found.scope.clock_at == NOW


def test_looking_takes_one_query_and_leaves_the_scope_as_it_was(django_assert_num_queries: Any) -> None:
    lookup = credentials.lookup_of(make_key()) or ""
    now = clock.wall()
    assert _key_lookup.find(lookup, now=now) is not None
    with django_assert_num_queries(1):
        assert _key_lookup.find(lookup, now=now) is not None
    assert _key_lookup.find("nobodys0", now=now) is None
    assert setting("app.system_reason") == ""
    assert setting("app.environment_id") == str(tenancy.environment_id())


def test_a_use_is_noted_once_a_minute() -> None:
    lookup = credentials.lookup_of(make_key(now=NOW)) or ""
    for seconds, noted in ((0, 0), (59, 0), (60, 60)):
        _key_lookup.find(lookup, now=NOW + timedelta(seconds=seconds))
        assert ApiKey.objects.get().last_used_at == NOW + timedelta(seconds=noted)
