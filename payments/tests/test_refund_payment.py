from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import override_settings

from core import errors, ids
from core.actor import SYSTEM
from payments import gateways, internal, services
from payments.gateways.base import Outcome, RefundRequest, Result
from payments.gateways.sandbox_cards import Fault
from payments.models import Payment, PaymentNotRefundable, Refund, RefundExceedsPayment, SandboxCharge
from payments.tests.factories import attempt_of, make_paid, make_payment, reread


def refund(payment: Payment, amount: int | None, now: datetime, key: str = "") -> Refund:
    return services.refund_payment(
        payment_id=payment.id, amount_minor=amount, reason="unhappy", actor=SYSTEM, now=now, key=key
    )


def given_back() -> list[int]:
    done = SandboxCharge.objects.filter(kind="refund", status="succeeded")
    return list(done.order_by("id").values_list("amount_minor", flat=True))


@pytest.mark.django_db
def test_parts_are_given_back_until_all_is(
    now: datetime, run_jobs: Callable[[], int], facts: Callable[[], list[str]]
) -> None:
    payment = make_paid()
    refund(payment, 50, now)
    run_jobs()
    assert (reread(payment).status, reread(payment).refunded_minor) == ("partially_refunded", 50)
    refund(payment, None, now)
    run_jobs()
    assert (reread(payment).status, reread(payment).refunded_minor) == ("refunded", 1050)
    assert given_back() == [50, 1000]
    assert [one for one in facts() if one.startswith("refund.")] == ["refund.requested", "refund.succeeded"] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("amount", [0, -5, 1051])
def test_more_than_was_paid_is_refused(amount: int, now: datetime) -> None:
    payment = make_paid()
    with pytest.raises(RefundExceedsPayment) as refused:
        refund(payment, amount, now)
    assert refused.value.members == {"refundable_minor": 1050}
    assert not Refund.objects.exists()


@pytest.mark.django_db
def test_what_is_on_its_way_back_counts(now: datetime) -> None:
    payment = make_paid()
    refund(payment, 1000, now)
    with pytest.raises(RefundExceedsPayment):
        refund(payment, 51, now)
    refund(payment, 50, now)
    with pytest.raises(services.NothingToRefund):
        refund(payment, None, now)


@pytest.mark.django_db
def test_what_has_not_been_paid_is_not_refunded(now: datetime) -> None:
    with pytest.raises(PaymentNotRefundable):
        refund(make_payment(), None, now)
    with pytest.raises(errors.NotFound):
        services.refund_payment(payment_id=ids.new(), amount_minor=1, reason="", actor=SYSTEM, now=now)


@pytest.mark.django_db
def test_one_key_makes_one_refund_of_each_payment(now: datetime) -> None:
    payment, other = make_paid(), make_paid()
    assert refund(payment, 10, now, key="k").id != refund(other, 10, now, key="k").id
    assert refund(payment, 10, now, key="k").id == refund(payment, 10, now, key="k").id


@pytest.mark.django_db
def test_a_worker_killed_after_the_call_gives_back_once(now: datetime) -> None:
    row = refund(make_paid(), 10, now)
    begun, charged, _ = internal.begin_refund(refund_id=row.id, now=now)
    request = RefundRequest(key=begun.gateway_key, amount_minor=10, currency="USD", charge=charged.gateway_reference)
    gateways.named("sandbox").refund(request)
    for _ in range(2):
        internal.execute_refund(refund_id=row.id, now=now)
    assert (given_back(), Refund.objects.get().status) == ([10], "succeeded")


@pytest.mark.django_db
def test_a_worker_killed_before_the_call_gives_back_once(now: datetime) -> None:
    row = refund(make_paid(), 10, now)
    internal.begin_refund(refund_id=row.id, now=now)
    internal.execute_refund(refund_id=row.id, now=now)
    assert (given_back(), Refund.objects.get().status) == ([10], "succeeded")


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
def test_every_fault_ends_in_one_refund(
    fault: Fault, now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(now)
    payment = make_paid()
    refund(payment, 10, now)
    with override_settings(SANDBOX_FAULTS={"seed": 1, "weights": {fault.value: 1}}):
        run_jobs()
    assert Refund.objects.get().status == "pending"
    freeze(now + timedelta(seconds=15))
    run_jobs()
    assert (given_back(), reread(payment).refunded_minor) == ([10], 10)


@pytest.mark.django_db
def test_a_refund_that_never_arrives_calls_a_person(now: datetime, facts: Callable[[], list[str]]) -> None:
    row = refund(make_paid(), 10, now)
    internal.begin_refund(refund_id=row.id, now=now)
    internal.reconcile_refund(refund_id=row.id, now=now + timedelta(hours=20))
    assert (Refund.objects.get().needs_review, given_back()) == (True, [])
    assert facts()[-1] == "payment.needs_review"


@pytest.mark.django_db
def test_a_refund_that_fails_frees_its_amount(now: datetime, facts: Callable[[], list[str]]) -> None:
    payment = make_paid()
    row = refund(payment, None, now)
    internal.begin_refund(refund_id=row.id, now=now)
    failed = Outcome(result=Result.FAILED, code="no_such_charge")
    assert internal.apply_refund_result(refund_id=row.id, outcome=failed, now=now) is True
    assert internal.apply_refund_result(refund_id=row.id, outcome=failed, now=now) is False
    assert facts()[-1] == "refund.failed"
    assert reread(payment).status == "succeeded"
    assert refund(payment, 1050, now).amount_minor == 1050


@pytest.mark.django_db
def test_the_gateway_itself_gives_back_no_more_than_it_took(now: datetime) -> None:
    payment = make_paid()
    charge = attempt_of(payment).gateway_reference
    ask = gateways.named("sandbox").refund
    first = ask(RefundRequest(key="r1", amount_minor=1050, currency="USD", charge=charge))
    second = ask(RefundRequest(key="r2", amount_minor=1, currency="USD", charge=charge))
    stranger = ask(RefundRequest(key="r3", amount_minor=1, currency="USD", charge="sbx_none"))
    assert (first.result, second.code, stranger.code) == (
        Result.SUCCEEDED, "charge_already_refunded", "no_such_charge",
    )  # fmt: skip


@pytest.mark.usefixtures("committed")
def test_twenty_refunds_at_once_never_exceed_the_payment(
    sandbox_scope: Callable[[], AbstractContextManager[object]], now: datetime
) -> None:
    with sandbox_scope():
        with transaction.atomic():
            payment = make_payment()
        internal.collect_payment(payment_id=payment.id, now=now)

    def one_of_many(_: int) -> UUID | None:
        try:
            with sandbox_scope(), transaction.atomic():
                return refund(payment, 100, now).id
        except errors.Conflict:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=10) as pool:
        made = [one for one in pool.map(one_of_many, range(20)) if one is not None]
    assert len(made) == 10
    with sandbox_scope():
        for refund_id in made:
            internal.execute_refund(refund_id=refund_id, now=now)
        with transaction.atomic():
            assert (reread(payment).refunded_minor, sum(given_back())) == (1000, 1000)


@pytest.mark.usefixtures("committed")
def test_two_workers_on_one_refund_give_back_once(
    sandbox_scope: Callable[[], AbstractContextManager[object]], now: datetime
) -> None:
    with sandbox_scope():
        with transaction.atomic():
            payment = make_payment()
        internal.collect_payment(payment_id=payment.id, now=now)
        row = refund(payment, 100, now)

    def work(_: int) -> None:
        with sandbox_scope():
            internal.execute_refund(refund_id=row.id, now=now)
        connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(work, range(8)))
    with sandbox_scope(), transaction.atomic():
        assert (given_back(), reread(payment).refunded_minor) == ([100], 100)
