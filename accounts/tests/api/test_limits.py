"""Limits of one key and of one environment: an operator sets them, the next request counts by them."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import ApiKey
from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import PASSWORD, make_key, register
from audit.models import Entry
from core import clock, tenancy
from core.actor import SYSTEM
from core.http import throttling
from core.limits import HIGHEST, Limits, LimitsRefused
from core.models import Environment, scope_of
from core.tenancy import Scope
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

CUSTOMERS = "/api/v1/customers"


@pytest.fixture(autouse=True)
def counted(settings: Any) -> Iterator[None]:
    """Limits switched on, with fresh buckets."""
    settings.RATE_LIMITS_ENABLED = True
    throttling.store.cache_clear()
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    yield
    throttling.store.cache_clear()


@pytest.fixture
def client() -> Api:
    return with_key()


def only_key() -> ApiKey:
    return ApiKey.objects.get()


def limit_key(row: ApiKey | None = None, **numbers: int | None) -> ApiKey:
    return services.limit_api_key(
        key_id=(row or only_key()).pk, limits=Limits(**numbers), reason="asked for", actor=SYSTEM, now=clock.wall()
    )


def limit_environment(**numbers: int | None) -> Environment:
    return services.limit_environment(limits=Limits(**numbers), reason="busy", actor=SYSTEM, now=clock.now())


def policy(client: Api) -> str:
    return str(client.get(CUSTOMERS).headers["RateLimit-Policy"])


def statuses(client: Api, times: int) -> list[int]:
    return [client.get(CUSTOMERS).status_code for _ in range(times)]


class TestOfAKey:
    def test_what_nobody_has_limited_is_as_the_settings_say(self, client: Api) -> None:
        assert policy(client) == '"read";q=6000;w=60'

    def test_a_lowered_limit_counts_from_the_next_request_on(self, client: Api) -> None:
        client.get(CUSTOMERS)
        limit_key(reads_per_minute=3)
        assert policy(client) == '"read";q=3;w=60'
        answers = [client.get(CUSTOMERS) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert problem(answers[-1]) == (429, "rate_limited")
        assert answers[1].headers["RateLimit"].startswith('"read";r=0;t=')
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 20

    def test_a_raised_limit_counts_from_the_next_request_on(self, client: Api) -> None:
        limit_key(reads_per_minute=1)
        assert statuses(client, 2) == [200, 429]
        limit_key(reads_per_minute=60_000)
        assert policy(client) == '"read";q=60000;w=60'
        # The bucket fills with a thousand a second now, so asking again at once is all the wait there is.
        assert any(client.get(CUSTOMERS).status_code == 200 for _ in range(200))

    def test_each_class_of_routes_has_its_own(self, client: Api) -> None:
        limit_key(writes_per_minute=1, ingestion_per_second=7)
        made = client.post(CUSTOMERS, {"email": "one@example.com"})
        assert (made.status_code, made.headers["RateLimit-Policy"]) == (201, '"write";q=1;w=60')
        assert client.post(CUSTOMERS, {"email": "two@example.com"}).status_code == 429
        assert policy(client) == '"read";q=6000;w=60'
        assert client.post("/api/v1/events", {}).headers["RateLimit-Policy"] == '"ingestion";q=7;w=1'

    def test_the_other_keys_are_as_they_were(self, client: Api) -> None:
        limit_key(reads_per_minute=1)
        assert statuses(client, 2) == [200, 429]
        assert statuses(with_key(), 2) == [200, 200]

    def test_taken_back_it_is_as_the_settings_say(self, client: Api) -> None:
        limit_key(reads_per_minute=1)
        limit_key()
        assert policy(client) == '"read";q=6000;w=60'

    def test_a_key_that_replaces_it_has_the_same(self, client: Api) -> None:
        limit_key(reads_per_minute=5)
        issued = services.rotate_api_key(key_id=only_key().pk, actor=SYSTEM, now=clock.wall())
        assert ApiKey.objects.get(pk=issued.key.pk).limits == Limits(reads_per_minute=5)
        assert policy(Api(issued.secret)) == '"read";q=5;w=60'

    def test_without_redis_it_holds_as_well(self, client: Api, settings: Any) -> None:
        limit_key(reads_per_minute=4)
        settings.REDIS_URL, settings.RATE_LIMIT_PROCESSES = "redis://127.0.0.1:1/0", 2
        throttling.store.cache_clear()
        assert statuses(client, 3) == [200, 200, 429], "this process's half of four"


class TestOfAnEnvironment:
    def test_everybody_in_it_takes_from_one_bucket_beside_his_own(self, client: Api) -> None:
        limit_environment(reads_per_minute=3)
        other = with_key()
        assert policy(client) == '"read";q=6000;w=60, "environment";q=3;w=60'
        assert statuses(other, 3) == [200, 200, 429]
        refused = client.get(CUSTOMERS)
        assert problem(refused) == (429, "rate_limited")
        assert ', "environment";r=0;t=' in refused.headers["RateLimit"]

    def test_who_is_refused_for_his_own_bucket_takes_nothing_from_the_others(self, client: Api) -> None:
        limit_environment(reads_per_minute=3)
        limit_key(reads_per_minute=1)
        assert statuses(client, 9) == [200] + 8 * [429]
        assert statuses(with_key(), 3) == [200, 200, 429]

    def test_customers_and_members_count_as_well(self, client: Api) -> None:
        limit_environment(reads_per_minute=2)
        _, tokens = register()
        person = with_token(tokens.access_token)
        assert policy(person) == '"read";q=100;w=60, "environment";q=2;w=60'
        assert statuses(client, 2) == [200, 429]

    def test_another_environment_is_as_it_was(self, client: Api, live_environment: Scope) -> None:
        limit_environment(reads_per_minute=1)
        with tenancy.scope(live_environment):
            stranger = with_key()
        assert statuses(client, 2) == [200, 429]
        assert statuses(stranger, 2) == [200, 200]

    def test_the_settings_may_limit_every_environment(self, client: Api, settings: Any) -> None:
        reads = settings.RATE_LIMITS["read"] | {"environment": (2, 60)}
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"read": reads}
        assert policy(client) == '"read";q=6000;w=60, "environment";q=2;w=60'
        limit_environment(reads_per_minute=9)
        assert policy(client) == '"read";q=6000;w=60, "environment";q=9;w=60'

    def test_a_repeat_gives_both_tokens_back(self, client: Api) -> None:
        limit_environment(writes_per_minute=2)
        asked = {"email": "one@example.com"}
        answers = [client.post(CUSTOMERS, asked, key="one") for _ in range(5)]
        assert [one.status_code for one in answers] == [201] * 5
        assert client.post(CUSTOMERS, {"email": "two@example.com"}).status_code == 201
        assert client.post(CUSTOMERS, {"email": "three@example.com"}).status_code == 429


@pytest.mark.parametrize("number", [0, -1, HIGHEST + 1])
def test_what_is_no_limit_is_refused_by_the_verb_and_by_the_database(client: Api, number: int) -> None:
    with pytest.raises(LimitsRefused):
        limit_key(writes_per_minute=number)
    with pytest.raises(LimitsRefused):
        limit_environment(ingestion_per_second=number)
    for rows in (ApiKey.objects.all(), Environment.objects.filter(pk=tenancy.environment_id())):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(reads_per_minute=number)
    assert only_key().limits == Environment.objects.get(pk=tenancy.environment_id()).limits == Limits()


def test_who_changes_nothing_says_nothing(client: Api, facts: Callable[[], list[str]]) -> None:
    limit_key(reads_per_minute=5)
    limit_environment(reads_per_minute=5)
    told = facts()
    assert told[-2:] == ["api_key.limited", "environment.limited"]
    limit_key(reads_per_minute=5)
    limit_environment(reads_per_minute=5)
    assert facts() == told


def test_knowing_the_limits_takes_no_query_more(client: Api, django_assert_max_num_queries: Any) -> None:
    client.get(CUSTOMERS)
    with django_assert_max_num_queries(40) as before:
        client.get(CUSTOMERS)
    limit_key(reads_per_minute=5000)
    limit_environment(reads_per_minute=5000)
    with django_assert_max_num_queries(len(before)):
        client.get(CUSTOMERS)


@pytest.fixture
def operator() -> Client:
    browser = Client()
    browser.force_login(services.create_operator("ada@example.com", PASSWORD, now=clock.wall()))
    return browser


@pytest.mark.parametrize("what", ["key", "environment"])
def test_an_operator_limits_it_at_the_console_and_the_audit_log_tells(what: str, client: Api, operator: Client) -> None:
    row: Any = only_key() if what == "key" else Environment.objects.get(pk=tenancy.environment_id())
    name = "accounts_apikey" if what == "key" else "core_environment"
    button, page = (reverse(f"admin:{name}_{part}", args=[row.pk]) for part in ("limit", "change"))
    given = {"reads_per_minute": "7", "writes_per_minute": "", "ingestion_per_second": "20", "reason": "too busy"}
    shown = operator.post(button, given, follow=True).content.decode()
    assert "7 reads a minute, 20 ingestion requests a second" in shown
    row.refresh_from_db()
    assert row.limits == Limits(reads_per_minute=7, ingestion_per_second=20)
    assert 'value="7"' in operator.get(button).content.decode(), "the form opens with what is"
    assert "7" in operator.get(page).content.decode()
    entry = Entry.objects.filter(action__endswith=".limited").get()
    assert entry.target == row.public_id
    assert {'"reads_per_minute":7', '"reason":"too busy"'} <= set(re.findall(r'"[a-z_]+":(?:\d+|"[^"]*")', entry.text))
    assert entry.actor.startswith("operator:")
    assert "q=7;" in policy(client)


def test_a_number_that_is_no_limit_is_refused_at_the_console(client: Api, operator: Client) -> None:
    button = reverse("admin:accounts_apikey_limit", args=[only_key().pk])
    answer = operator.post(button, {"reads_per_minute": "0", "reason": "shut it down"})
    assert answer.status_code == 200
    assert "greater than or equal to 1" in answer.content.decode()
    assert only_key().limits == Limits()


def test_a_system_key_has_limits_of_its_own_and_those_of_where_it_works() -> None:
    limit_environment(reads_per_minute=50)
    inside = Environment.objects.get(pk=tenancy.environment_id()).public_id
    with tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        text = make_key(type="system")
        limit_key(reads_per_minute=40)
    api = Api(text)
    api.headers |= {"X-Environment": inside}
    assert policy(api) == '"read";q=40;w=60, "environment";q=50;w=60'
