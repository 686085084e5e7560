"""The course of dunning, by the cases and whatever happens on the way."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.dunning import DEFAULT, Course, DunningPolicyInvalid, EndAction, Policy
from core.conformance import Case
from tests.conformance import cases, check

AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

gaps = st.lists(st.integers(1, 20), max_size=6).map(tuple)
courses = st.builds(Course, days=gaps, grace_days=st.integers(0, 60), first_failure_at=st.just(AT))


@pytest.mark.parametrize("case", cases("dunning"))
def test_conformance(case: Case) -> None:
    check("dunning", case)


def test_what_holds_where_nobody_has_decided_anything() -> None:
    course = Course(days=DEFAULT.days, grace_days=DEFAULT.grace_days, first_failure_at=AT)
    assert [(at - AT).days for at in course.retries_at] == [2, 7, 14, 21]
    assert (DEFAULT.end_action, DEFAULT.writes_off, course.grace_until) == (EndAction.CANCEL, False, AT + 21 * DAY)
    DEFAULT.check()


def test_without_retries_and_grace_it_ends_at_once() -> None:
    course = Course(days=(), grace_days=0, first_failure_at=AT)
    assert (course.next_attempt_at, course.ends_at(now=AT)) == (None, AT)


def test_a_hard_decline_ends_when_the_grace_days_are_over() -> None:
    course = Course(days=(2, 5), grace_days=10, first_failure_at=AT).declined(is_hard=True)
    assert (course.next_attempt_at, course.ends_at(now=AT)) == (None, AT + 10 * DAY)
    assert course.ends_at(now=AT + 12 * DAY) == AT + 12 * DAY


@given(courses)
def test_soft_declines_run_through_the_schedule_once(course: Course) -> None:
    planned, made = list(course.retries_at), []
    while course.next_attempt_at is not None:
        made.append(course.next_attempt_at)
        assert course.ends_at(now=made[-1]) is None
        course = course.attempted(at=made[-1]).declined(is_hard=False)
    assert made == planned == sorted(set(planned))
    last = made[-1] if made else AT
    assert course.ends_at(now=last) == max(last, course.grace_until)


@given(courses, st.integers(0, 6), st.integers(0, 200))
def test_a_late_retry_stands_for_those_it_missed(course: Course, made: int, late_days: int) -> None:
    for _ in range(min(made, len(course.days))):
        course = course.attempted(at=course.retries_at[course.attempts])
    at = AT + late_days * DAY
    after = course.attempted(at=at)
    assert after.attempts <= len(course.days)
    assert after.attempts > course.attempts or course.attempts == len(course.days)
    assert after.next_attempt_at is None or after.next_attempt_at > at or after.attempts == course.attempts + 1


@given(courses, st.lists(st.booleans(), max_size=5))
def test_an_answer_moves_no_instant(course: Course, answers: list[bool]) -> None:
    after = course
    for is_hard in answers:
        after = after.declined(is_hard=is_hard)
    assert (after.attempts, after.retries_at, after.grace_until) == (0, course.retries_at, course.grace_until)
    assert after.next_attempt_at == (None if any(answers) else course.next_attempt_at)


@given(courses, st.integers(1, 30))
def test_days_that_are_given_move_everything_to_come(course: Course, days: int) -> None:
    after, more = course.extended(days=days), days * DAY
    assert after.retries_at == [at + more for at in course.retries_at]
    assert after.grace_until == course.grace_until + more


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (Policy(days=(0,)), "days"), (Policy(days=(61,)), "days"), (Policy(days=(1,) * 16), "days"),
        (Policy(grace_days=-1), "grace_days"), (Policy(grace_days=366), "grace_days"),
    ],
)  # fmt: skip
def test_nonsense_is_refused(policy: Policy, field: str) -> None:
    with pytest.raises(DunningPolicyInvalid) as refused:
        policy.check()
    assert refused.value.members == {"field": field}
