"""Retry policies."""

from datetime import timedelta

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core.conformance import Case
from core.retry import POLICIES, delay
from tests.conformance import cases, check


@pytest.mark.parametrize("case", cases("retry"))
def test_the_wait_after_a_failure(case: Case) -> None:
    check("retry", case)


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        ("billing", [1, 4, 9, None]),
        ("queue", [60, 120, 240, None]),
        ("gateway", [15, 60, 300, 1800, 7200, None]),
        ("outbox", [1, 4, 9, 16, 30, 60, 120, 300, None]),
        ("webhooks", [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, None]),
    ],
)
def test_a_whole_schedule(policy: str, seconds: list[int | None]) -> None:
    waits = [delay(policy, failures) for failures in range(1, len(seconds) + 1)]
    assert waits == [None if value is None else timedelta(seconds=value) for value in seconds]
    assert POLICIES[policy].max_attempts == len(seconds)


@generated(
    policy=st.sampled_from(sorted(POLICIES)), failures=st.integers(1, 12), first=st.floats(0, 1), second=st.floats(0, 1)
)
def test_jitter_scatters_around_the_plain_wait(policy: str, failures: int, first: float, second: float) -> None:
    low, high = (delay(policy, failures, value) for value in sorted((first, second)))
    plain = delay(policy, failures)
    if low is None or high is None or plain is None:
        assert low is high is plain is None
        return
    assert plain * 0.8 <= low <= high <= plain * 1.2 + timedelta(seconds=10)


def test_the_ends_of_the_scatter() -> None:
    assert [delay("queue", 1, jitter) for jitter in (0, 1)] == [timedelta(seconds=60), timedelta(seconds=70)]
    assert [delay("webhooks", 2, jitter) for jitter in (0, 1)] == [timedelta(seconds=240), timedelta(seconds=360)]
    assert delay("billing", 3, 0.5) == timedelta(seconds=9)


def test_a_longer_wait_that_was_asked_for_wins_up_to_a_day() -> None:
    assert delay("webhooks", 1, retry_after=timedelta(minutes=1)) == timedelta(minutes=1)
    assert delay("webhooks", 2, retry_after=timedelta(minutes=1)) == timedelta(minutes=5)
    assert delay("webhooks", 1, retry_after=timedelta(days=400)) == timedelta(hours=24)
    assert delay("webhooks", 10, retry_after=timedelta(minutes=1)) is None


@pytest.mark.parametrize(("failures", "jitter"), [(0, None), (-1, None), (1, 1.1), (1, -0.1)])
def test_nonsense_is_refused(failures: int, jitter: float | None) -> None:
    with pytest.raises(ValueError, match="from"):
        delay("queue", failures, jitter)


def test_an_unknown_policy_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        delay("hope", 1)
