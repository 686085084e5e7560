"""Many workers, real commits, one charge."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime

import pytest
from django.db import connection, transaction

from outbox.models import OutboxEvent
from payments import gateways, internal
from payments.gateways.base import ChargeRequest, Outcome, Result
from payments.tests.factories import attempt_of, booked, make_payment, reread

ScopeOf = Callable[[], AbstractContextManager[object]]


def in_parallel(work: Callable[[int], object], times: int) -> None:
    def one(number: int) -> None:
        try:
            work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=times) as pool:
        list(pool.map(one, range(times)))


@pytest.mark.usefixtures("committed")
def test_eight_workers_collect_one_payment_once(sandbox_scope: ScopeOf, now: datetime) -> None:
    with sandbox_scope(), transaction.atomic():
        payment = make_payment()

    def work(_: int) -> None:
        with sandbox_scope():
            internal.collect_payment(payment_id=payment.id, now=now)

    in_parallel(work, 8)
    with sandbox_scope(), transaction.atomic():
        assert (reread(payment).status, booked()) == ("succeeded", [("succeeded", 1050)])


@pytest.mark.usefixtures("committed")
def test_inline_webhook_and_reconcile_settle_one_attempt_once(sandbox_scope: ScopeOf, now: datetime) -> None:
    with sandbox_scope():
        with transaction.atomic():
            payment = make_payment()
        attempt, _ = internal.begin_attempt(payment_id=payment.id, now=now)
        assert attempt is not None
    outcome = Outcome(result=Result.SUCCEEDED, reference="sbx_same")

    def tell(number: int) -> None:
        with sandbox_scope():
            source = ("inline", "webhook", "reconcile")[number % 3]
            internal.apply_gateway_result(attempt_id=attempt.id, outcome=outcome, source=source, now=now)

    in_parallel(tell, 9)
    with sandbox_scope(), transaction.atomic():
        assert attempt_of(payment).status == "succeeded"
        assert OutboxEvent.objects.filter(type="payment.succeeded").count() == 1


@pytest.mark.usefixtures("committed")
def test_parallel_requests_of_one_key_make_one_payment(sandbox_scope: ScopeOf) -> None:
    with sandbox_scope(), transaction.atomic():
        customer = make_payment(None).customer_id

    def ask(_: int) -> None:
        with sandbox_scope(), transaction.atomic():
            made.append(make_payment(None, customer_id=customer, reference="inv_1", key="cycle:1").id)

    made: list[object] = []
    in_parallel(ask, 8)
    assert len(made) == 8
    assert len(set(made)) == 1


@pytest.mark.usefixtures("committed")
def test_the_gateway_is_never_called_inside_a_transaction(sandbox_scope: ScopeOf) -> None:
    request = ChargeRequest(key="pat_x", amount_minor=1, currency="USD", token="sbx_success_1")
    with sandbox_scope(), transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        gateways.named("sandbox").charge(request)
