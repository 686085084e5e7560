"""Limits admit what they say, tell the client what is left, and outlive the loss of Redis."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from core import clock, ids
from core.http import refusals, throttling
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


def test_exactly_ten_of_256_calls_from_64_threads_are_admitted(settings: Any, bucket: Bucket) -> None:
    store = SharedBuckets(settings.REDIS_URL, timeout=5)
    with ThreadPoolExecutor(64) as pool:
        taken = list(pool.map(lambda _: store.take([bucket]), range(256)))
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


class Away(SharedBuckets):
    """A store whose Redis fails as told, and which counts how often it is asked."""

    asked = 0

    def _ask(self, buckets: Any) -> Any:
        self.asked += 1
        raise redis.TimeoutError


def test_a_redis_that_fails_is_asked_once_in_ten_seconds_and_said_to_fail_once(
    settings: Any, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = 1_000.0
    monkeypatch.setattr(clock, "monotonic", lambda: seconds)
    store = Away(settings.REDIS_URL)
    for _ in range(5):
        store.take([bucket])
    assert store.asked == 1
    assert len([one for one in caplog.records if "ratelimit.store_failed" in str(one.msg)]) == 1
    seconds += 10
    store.take([bucket])
    assert store.asked == 2


def test_a_slow_redis_costs_one_request_its_timeout_and_the_others_nothing(bucket: Bucket) -> None:
    """A listener that accepts and never answers is as slow as Redis can be."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = SharedBuckets(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        begun = clock.monotonic()
        assert store.take([bucket]).is_allowed
        waited = clock.monotonic() - begun
        begun = clock.monotonic()
        for _ in range(4):
            store.take([bucket])
        assert clock.monotonic() - begun < waited


@pytest.mark.parametrize(("choice", "admitted"), [("local", 5), ("open", 7)])
def test_the_settings_decide_what_happens_without_redis(
    settings: Any, bucket: Bucket, choice: str, admitted: int
) -> None:
    settings.RATE_LIMIT_ON_STORE_FAILURE, settings.RATE_LIMIT_PROCESSES = choice, 2
    store = SharedBuckets("redis://127.0.0.1:1/0")
    assert sum(store.take([bucket]).is_allowed for _ in range(7)) == admitted


@pytest.mark.django_db
def test_closed_limits_admit_nobody_whom_nobody_counts(edge: Caller, limits: Any) -> None:
    limits.RATE_LIMIT_ON_STORE_FAILURE, limits.REDIS_URL = "closed", "redis://127.0.0.1:1/0"
    throttling.store.cache_clear()
    refused = edge.post(GREETING, who="customer", key=None)
    assert problem(refused) == (503, "rate_limits_unavailable")
    assert refused.headers["Retry-After"] == "10"


def test_a_flushed_redis_only_forgives(settings: Any, bucket: Bucket) -> None:
    store = SharedBuckets(settings.REDIS_URL, timeout=5)
    assert [store.take([bucket]).is_allowed for _ in range(11)] == [True] * 10 + [False]
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    assert store.take([bucket]).is_allowed


@pytest.mark.parametrize(("jump", "left"), [(-86_400, 6), (86_400, 9)])
def test_a_clock_that_jumps_neither_locks_out_nor_gives_more_than_is_there(
    settings: Any, bucket: Bucket, jump: int, left: int
) -> None:
    """What was noted seems to come from the future after the clock was put back, and from long ago after the other."""
    store = SharedBuckets(settings.REDIS_URL, timeout=5)
    for _ in range(3):
        store.take([bucket])
    client, key = redis.Redis.from_url(settings.REDIS_URL), f"rate:{bucket.key}"
    client.hset(key, "s", float(client.hget(key, "s")) - jump)
    assert int(store.take([bucket]).left[0]) == left


def test_ten_thousand_keys_are_gone_a_second_after_their_window(settings: Any, limits: Any) -> None:
    store, client = SharedBuckets(settings.REDIS_URL, timeout=5), redis.Redis.from_url(settings.REDIS_URL)
    keys = [Bucket(key=f"many:{number}", capacity=10, window=60) for number in range(10_000)]
    for start in range(0, len(keys), 1_000):
        store.take(keys[start : start + 1_000])
    lives = client.pipeline(transaction=False)
    for bucket in keys:
        lives.ttl(f"rate:{bucket.key}")
    assert {0 < life <= 61 for life in lives.execute()} == {True}
    assert client.memory_usage(f"rate:{keys[0].key}") < 500


def test_a_token_that_is_given_back_is_there_again_and_never_more(settings: Any, bucket: Bucket) -> None:
    for store in (SharedBuckets(settings.REDIS_URL, timeout=5), SharedBuckets("redis://127.0.0.1:1/0")):
        settings.RATE_LIMIT_PROCESSES = 1
        first = store.take([bucket])
        store.give_back(bucket)
        store.give_back(bucket)
        assert int(store.take([bucket]).left[0]) == int(first.left[0])


@pytest.mark.django_db
def test_the_repeat_of_a_finished_request_costs_no_token(edge: Caller, limits: Any) -> None:
    limits.RATE_LIMITS = {**limits.RATE_LIMITS, "write": {"people": (3, 600), "programs": (3, 600)}}
    thing = {"name": "Acme", "slug": "acme"}
    answers = [edge.post("/api/v1/things", thing) for _ in range(8)]
    assert [one.status_code for one in answers] == [201] * 8
    assert [one.headers.get("Idempotent-Replayed") for one in answers] == [None] + ["true"] * 7
    others = [edge.post("/api/v1/things", {"name": str(n), "slug": str(n)}, key=f"k{n}") for n in range(3)]
    assert [one.status_code for one in others] == [201, 201, 429]


def test_the_hosts_of_one_ipv6_network_share_a_bucket(rf: Any, limits: Any) -> None:
    limits.RATE_LIMITS = {**limits.RATE_LIMITS, "address": {"everybody": (2, 60)}}
    throttling.charge_address(rf.get("/"), "2001:db8:0:1::1")
    throttling.charge_address(rf.get("/"), "2001:db8:0:1:ffff::2")
    with pytest.raises(refusals.RateLimited):
        throttling.charge_address(rf.get("/"), "2001:db8:0:1::3")
    throttling.charge_address(rf.get("/"), "2001:db8:0:2::1")
