"""Limits admit what they say, tell the client what is left, and outlive the loss of Redis."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from core import ids
from core.http import throttling
from core.http.buckets import Bucket, LocalBuckets, SharedBuckets
from core.tests.http.conftest import Caller, problem

GREETING = "/api/v1/things/hello"


@pytest.fixture
def bucket() -> Bucket:
    """A bucket nobody has used: ten tokens a minute."""
    return Bucket(key=f"test:{ids.new()}", capacity=10, window=60)


@pytest.fixture
def limits(settings: Any) -> Any:
    """Limits switched on, with fresh buckets."""
    settings.RATE_LIMITS_ENABLED = True
    throttling.store.cache_clear()
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    yield settings
    throttling.store.cache_clear()


def test_exactly_ten_of_200_calls_are_admitted(settings: Any, bucket: Bucket) -> None:
    store = SharedBuckets(settings.REDIS_URL, timeout=5)
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda _: store.take([bucket]), range(200)))
    assert sum(one.is_allowed for one in taken) == 10
    refused = next(one for one in taken if not one.is_allowed)
    assert 1 <= refused.retry_after <= 6


def test_a_token_is_taken_from_every_bucket_or_from_none(settings: Any, bucket: Bucket) -> None:
    store = SharedBuckets(settings.REDIS_URL, timeout=5)
    small = Bucket(key=f"{bucket.key}:small", capacity=1, window=60)
    assert store.take([bucket, small]).is_allowed
    assert not store.take([bucket, small]).is_allowed
    assert int(store.take([bucket]).left[0]) == 8


def test_without_redis_the_process_counts_its_share_for_itself(settings: Any, bucket: Bucket) -> None:
    settings.RATE_LIMIT_PROCESSES = 2
    store = SharedBuckets("redis://127.0.0.1:1/0")
    assert [store.take([bucket]).is_allowed for _ in range(7)] == [True] * 5 + [False] * 2


def test_local_buckets_forgive_rather_than_fill_the_memory() -> None:
    store = LocalBuckets()
    for number in range(10_050):
        store.take([Bucket(key=str(number), capacity=1, window=60)])
    assert len(store) <= 10_001


@pytest.mark.django_db
def test_people_have_ten_writes_a_minute_and_programs_many(edge: Caller, limits: Any) -> None:
    answers = [edge.post(GREETING, who="customer", key=None) for _ in range(11)]
    assert [one.status_code for one in answers] == [200] * 10 + [429]
    assert problem(answers[-1]) == (429, "rate_limited")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 6
    assert answers[0].headers["RateLimit-Policy"] == '"write";q=10;w=60'
    assert answers[0].headers["RateLimit"].startswith('"write";r=9;t=')
    assert edge.get(GREETING, who="customer").headers["RateLimit-Policy"] == '"read";q=100;w=60'
    assert edge.post(GREETING, who="key").headers["RateLimit-Policy"] == '"write";q=600;w=60'


@pytest.mark.django_db
def test_an_address_is_limited_before_anybody_is_authenticated(edge: Caller, limits: Any) -> None:
    limits.RATE_LIMITS = {**limits.RATE_LIMITS, "address": {"everybody": (2, 60)}}
    answers = [edge.get("/api/v1/things", who="nonsense") for _ in range(3)]
    assert [one.status_code for one in answers] == [401, 401, 429]
    assert problem(answers[-1]) == (429, "rate_limited")
