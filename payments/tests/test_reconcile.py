from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.actor import SYSTEM
from payments import internal, services
from payments.models import PaymentAttempt, SandboxCharge
from payments.services._recheck import AttemptFinished
from payments.tests.factories import attempt_of, booked, make_paid, make_payment, reread

pytestmark = pytest.mark.django_db

SCHEDULE = [15, 60, 300, 1800, 7200, 21600, 86400]


def test_it_is_looked_for_on_the_schedule_and_then_a_person_is_called(
    now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int], facts: Callable[[], list[str]]
) -> None:
    freeze(now)
    payment = make_payment("pending")
    run_jobs()
    looks = []
    for seconds in SCHEDULE:
        looks.append(attempt_of(payment).next_reconcile_at)
        freeze(now + timedelta(seconds=seconds))
        run_jobs()
    attempt = attempt_of(payment)
    assert looks == [now + timedelta(seconds=seconds) for seconds in SCHEDULE]
    assert (attempt.reconciles, attempt.next_reconcile_at, attempt.needs_review) == (7, None, True)
    assert facts().count("payment.needs_review") == 1
    assert reread(payment).status == "processing"


def test_a_look_before_its_time_does_nothing(now: datetime) -> None:
    payment = make_payment("drop_before")
    internal.collect_payment(payment_id=payment.id, now=now)
    internal.reconcile_attempt(attempt_id=attempt_of(payment).id, now=now + timedelta(seconds=14))
    assert attempt_of(payment).reconciles == 0
    assert SandboxCharge.objects.get().requests == 1


def test_what_the_gateway_never_saw_is_asked_again_under_the_same_key(now: datetime) -> None:
    payment = make_payment("drop_before")
    internal.collect_payment(payment_id=payment.id, now=now)
    internal.reconcile_attempt(attempt_id=attempt_of(payment).id, now=now + timedelta(seconds=15))
    charge = SandboxCharge.objects.get()
    assert (charge.key, charge.requests) == (attempt_of(payment).public_id, 2)
    assert reread(payment).status == "succeeded"


def test_what_the_gateway_has_done_is_only_looked_up(now: datetime) -> None:
    payment = make_payment("process_then_hang")
    internal.collect_payment(payment_id=payment.id, now=now)
    internal.reconcile_attempt(attempt_id=attempt_of(payment).id, now=now + timedelta(seconds=15))
    assert (SandboxCharge.objects.get().requests, reread(payment).status) == (1, "succeeded")


@pytest.mark.parametrize(("age", "is_asked"), [(timedelta(hours=19, minutes=59), True), (timedelta(hours=20), False)])
def test_after_twenty_hours_nothing_is_asked_again(
    age: timedelta, is_asked: bool, now: datetime, facts: Callable[[], list[str]]
) -> None:
    payment = make_payment("drop_before")
    internal.collect_payment(payment_id=payment.id, now=now)
    internal.reconcile_attempt(attempt_id=attempt_of(payment).id, now=now + age)
    assert len(booked()) == (1 if is_asked else 0)
    assert attempt_of(payment).needs_review is not is_asked
    assert ("payment.needs_review" in facts()) is not is_asked


def test_an_operator_has_it_looked_at_again(
    now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(now)
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=now)
    services.recheck_attempt(attempt_id=attempt_of(payment).id, actor=SYSTEM, now=now)
    run_jobs()
    assert reread(payment).status == "succeeded"


def test_a_finished_attempt_has_nothing_left_to_find_out(now: datetime, facts: Callable[[], list[str]]) -> None:
    attempt = attempt_of(make_paid())
    before = facts()
    with pytest.raises(AttemptFinished):
        services.recheck_attempt(attempt_id=attempt.id, actor=SYSTEM, now=now)
    assert facts() == before


def test_an_answer_that_came_meanwhile_is_not_asked_for_again(now: datetime) -> None:
    payment = make_paid()
    internal.reconcile_attempt(attempt_id=attempt_of(payment).id, now=now + timedelta(days=1))
    assert PaymentAttempt.objects.get().reconciles == 0
