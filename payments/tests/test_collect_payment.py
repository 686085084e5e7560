"""Charging happens once in effect, whatever breaks on the way."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from core.actor import SYSTEM
from payments import gateways, internal
from payments.gateways import sandbox_book
from payments.gateways.amounts import CARD_NETWORKS
from payments.gateways.base import ChargeRequest, Outcome, Result
from payments.gateways.sandbox import Sandbox
from payments.gateways.sandbox_cards import Fault
from payments.models import Payment, PaymentAttempt, Refund, SandboxCharge
from payments.tests.factories import attempt_of, booked, make_method, make_paid, make_payment, reread

pytestmark = pytest.mark.django_db

FAULTS = [fault.value for fault in Fault if fault is not Fault.NONE]


def test_a_payment_is_collected_by_its_job(run_jobs: Callable[[], int], facts: Callable[[], list[str]]) -> None:
    payment = make_payment()
    run_jobs()
    paid = reread(payment)
    assert (paid.status, paid.gateway, paid.refunded_minor) == ("succeeded", "sandbox", 0)
    assert attempt_of(payment).status == "succeeded"
    assert booked() == [("succeeded", 1050)]
    assert [one for one in facts() if one.startswith("payment.")] == ["payment.requested", "payment.succeeded"]


@pytest.mark.parametrize("code", ["card_declined", "insufficient_funds", "lost_card", "stolen_card", "fraudulent"])
def test_a_declined_card_fails_the_payment_with_its_code(code: str, now: datetime) -> None:
    payment = make_payment(code)
    internal.collect_payment(payment_id=payment.id, now=now)
    failed = reread(payment)
    assert (failed.status, failed.failure_code, attempt_of(payment).status) == ("failed", code, "failed")
    assert booked() == [("failed", 1050)]


def test_without_a_method_the_payment_fails_and_nobody_is_asked(now: datetime, facts: Callable[[], list[str]]) -> None:
    payment = make_payment(None)
    internal.collect_payment(payment_id=payment.id, now=now)
    assert (reread(payment).status, reread(payment).failure_code) == ("failed", "no_payment_method")
    assert not PaymentAttempt.objects.exists()
    assert facts()[-1] == "payment.failed"


def test_a_job_that_runs_twice_charges_once(now: datetime) -> None:
    payment = make_payment()
    for _ in range(3):
        internal.collect_payment(payment_id=payment.id, now=now)
    assert SandboxCharge.objects.get().requests == 1


def test_a_worker_killed_before_the_call_leaves_an_attempt_that_the_next_one_finishes(now: datetime) -> None:
    payment = make_payment()
    killed, _ = internal.begin_attempt(payment_id=payment.id, now=now)
    assert booked() == []
    internal.collect_payment(payment_id=payment.id, now=now)
    assert killed is not None
    assert attempt_of(payment).id == killed.id
    assert (reread(payment).status, booked()) == ("succeeded", [("succeeded", 1050)])


def test_a_worker_killed_after_the_call_does_not_charge_again(now: datetime) -> None:
    payment = make_payment()
    attempt, _ = internal.begin_attempt(payment_id=payment.id, now=now)
    assert attempt is not None
    request = ChargeRequest(
        key=attempt.gateway_key, amount_minor=1050, currency="USD", token=attempt.payment_method.token
    )
    gateways.named("sandbox").charge(request)
    internal.collect_payment(payment_id=payment.id, now=now)
    assert reread(payment).status == "succeeded"
    assert SandboxCharge.objects.get().requests == 1


def test_a_fault_before_the_answer_leaves_the_attempt_unknown_and_the_payment_processing(now: datetime) -> None:
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=now)
    attempt = attempt_of(payment)
    assert (reread(payment).status, attempt.status, attempt.code) == ("processing", "unknown", "connection_lost")
    assert attempt.next_reconcile_at == now + timedelta(seconds=15)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_one_charge(
    fault: str, now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(now)
    payment = make_payment(fault)
    run_jobs()
    assert reread(payment).status == "processing"
    for seconds in (15, 60, 300):
        freeze(now + timedelta(seconds=seconds))
        run_jobs()
    assert reread(payment).status == "succeeded"
    assert booked() == [("succeeded", 1050)]
    assert not attempt_of(payment).needs_review


@override_settings(SANDBOX_FAULTS={"seed": 5, "weights": {fault.value: 1 for fault in Fault}})
def test_with_faults_everywhere_each_payment_is_charged_once(
    now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(now)
    paid = [make_payment() for _ in range(20)]
    run_jobs()
    for seconds in (15, 60, 300, 1800, 7200, 21600):
        freeze(now + timedelta(seconds=seconds))
        run_jobs()
    assert {reread(one).status for one in paid} == {"succeeded"}
    assert booked() == [("succeeded", 1050)] * 20


def test_a_wrong_amount_settles_nothing_and_calls_a_person(now: datetime, facts: Callable[[], list[str]]) -> None:
    payment = make_payment("wrong_amount")
    internal.collect_payment(payment_id=payment.id, now=now)
    attempt = attempt_of(payment)
    assert (attempt.needs_review, attempt.code, reread(payment).status) == (True, "amount_mismatch", "processing")
    assert facts()[-1] == "payment.needs_review"


def apply(payment: Payment, result: Result, now: datetime, **known: Any) -> bool:
    outcome = Outcome(result=result, **known)
    return internal.apply_gateway_result(attempt_id=attempt_of(payment).id, outcome=outcome, source="webhook", now=now)


def test_what_is_known_only_grows(now: datetime, facts: Callable[[], list[str]]) -> None:
    payment = make_paid()
    before = facts()
    for older in (Result.UNKNOWN, Result.PENDING, Result.REQUIRES_ACTION, Result.FAILED, Result.SUCCEEDED):
        assert apply(payment, older, now, code="card_declined") is False
    assert (reread(payment).status, facts()) == ("succeeded", before)


def test_a_success_after_a_failure_is_taken_as_real(now: datetime, facts: Callable[[], list[str]]) -> None:
    payment = make_payment("card_declined")
    internal.collect_payment(payment_id=payment.id, now=now)
    assert apply(payment, Result.SUCCEEDED, now, reference="sbx_late") is True
    late = reread(payment)
    assert (late.status, late.is_late, late.failure_code) == ("succeeded", True, "")
    assert facts()[-2:] == ["payment.failed", "payment.succeeded"]
    assert not Refund.objects.exists()


def test_a_late_success_that_was_replaced_is_given_back(now: datetime) -> None:
    first = make_payment("card_declined")
    internal.collect_payment(payment_id=first.id, now=now)
    make_method(first.customer_id)
    second = make_payment(None, customer_id=first.customer_id, reference=first.reference)
    internal.collect_payment(payment_id=second.id, now=now)
    apply(first, Result.SUCCEEDED, now, reference="sbx_late")
    refund = Refund.objects.get()
    assert (refund.payment_id, refund.amount_minor, refund.reason) == (first.id, 1050, "paid twice")


def test_a_late_success_cancels_what_has_not_been_started(now: datetime) -> None:
    first = make_payment("card_declined")
    internal.collect_payment(payment_id=first.id, now=now)
    second = make_payment(None, customer_id=first.customer_id, reference=first.reference)
    apply(first, Result.SUCCEEDED, now, reference="sbx_late")
    assert (reread(first).status, reread(second).status) == ("succeeded", "canceled")
    assert not Refund.objects.exists()


def test_a_replacement_that_succeeds_after_a_late_success_is_given_back(now: datetime) -> None:
    first = make_payment("card_declined")
    internal.collect_payment(payment_id=first.id, now=now)
    make_method(first.customer_id, "process_then_drop")
    second = make_payment(None, customer_id=first.customer_id, reference=first.reference)
    internal.collect_payment(payment_id=second.id, now=now)
    apply(first, Result.SUCCEEDED, now, reference="sbx_late")
    apply(second, Result.SUCCEEDED, now, reference="sbx_second")
    assert [one.payment_id for one in Refund.objects.all()] == [second.id]


def test_a_pending_charge_is_settled_days_later(
    now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(now)
    payment = make_payment("pending")
    run_jobs()
    assert attempt_of(payment).status == "pending"
    sandbox_book.settle_pending(attempt_of(payment).gateway_key, status="succeeded")
    freeze(now + timedelta(hours=2))
    run_jobs()
    assert reread(payment).status == "succeeded"


def test_the_method_asked_for_is_charged(now: datetime) -> None:
    default = make_payment(None)
    chosen = make_method(default.customer_id)
    make_method(default.customer_id)
    payment = make_payment(None, customer_id=default.customer_id, payment_method_id=chosen.id)
    internal.collect_payment(payment_id=payment.id, now=now)
    assert attempt_of(payment).payment_method_id == chosen.id
    assert reread(payment).payment_method_id == chosen.id


def test_a_payment_at_the_gateway_cannot_be_canceled(now: datetime) -> None:
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=now)
    assert internal.cancel_pending(reference=payment.reference, actor=SYSTEM, now=now) is False
    assert reread(payment).status == "processing"


def test_an_amount_the_gateway_cannot_express_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, now: datetime, facts: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(Sandbox, "amounts", CARD_NETWORKS)
    payment = make_payment(amount_minor=1234, currency="KWD")
    internal.collect_payment(payment_id=payment.id, now=now)
    assert (reread(payment).status, reread(payment).failure_code) == ("failed", "amount_not_chargeable")
    assert not PaymentAttempt.objects.exists()
    assert not SandboxCharge.objects.exists()
    assert facts()[-1] == "payment.failed"
