"""Workers, money and new cards at the same instant: an invoice is charged once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from billing import internal
from billing.dunning import Policy
from billing.models import DunningCase, DunningStep, Invoice
from billing.selectors import get_invoice
from billing.services import change_dunning_policy, retry_dunning
from billing.tests.factories import AT, issue, make_customer_id, settle
from core import errors, invariants
from core.actor import SYSTEM
from payments import internal as payments
from payments.models import Payment, SandboxCharge
from payments.services import attach_payment_method
from tests.session import Database

pytestmark = pytest.mark.slow
DUE = AT + timedelta(days=2)
Scope = Callable[[], Any]


def in_scope(scope: Scope, call: Callable[[], Any]) -> str:
    """What came of a call that brings its own transactions: the refusal's code, or nothing."""
    try:
        with scope():
            call()
    except errors.Refusal as refused:
        return refused.code
    finally:
        connection.close()
    return ""


def at_once(scope: Scope, calls: Sequence[Callable[[], Any]]) -> list[str]:
    """Do everything at the same instant."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(in_scope, scope, call) for call in calls]]


def collect_all(scope: Scope, *, at: datetime = DUE) -> None:
    """Do what the workers do: collect what was asked for, and tell billing what came of it."""
    with scope(), transaction.atomic():
        waiting = list(Payment.objects.unsettled().values_list("id", flat=True))
    for payment_id in waiting:
        with scope():
            payments.collect_payment(payment_id=payment_id, now=at)
        with scope(), transaction.atomic():
            tell(Payment.objects.get(pk=payment_id), at=at)


def tell(payment: Payment, *, at: datetime) -> None:
    """Billing hears of a settled payment."""
    invoice = Invoice.objects.get()
    how: dict[str, Any] = {"invoice_id": invoice.pk, "actor": SYSTEM, "now": at}
    if payment.status == "failed":
        internal.record_payment_failure(code=payment.failure_code, is_hard=False, **how)
    else:
        internal.settle(payment=payment.public_id, amount_minor=payment.amount_minor, currency="USD", **how)


@pytest.fixture
def case_id(committed: Database, sandbox_scope: Scope) -> UUID:
    """An invoice that was declined two days ago; its first retry is due."""
    with sandbox_scope(), transaction.atomic():
        customer_id = make_customer_id()
        attach_payment_method(customer_id=customer_id, source="tok_fails_later", actor=SYSTEM, now=AT)
        change_dunning_policy(policy=Policy(days=(2, 5)), actor=SYSTEM, now=AT)
        issue(customer_id=customer_id, collect=True)
    collect_all(sandbox_scope, at=AT)
    with sandbox_scope(), transaction.atomic():
        case = DunningCase.objects.get()
        assert case.next_attempt_at == DUE
        return case.pk


def charged() -> tuple[int, int]:
    """How often the gateway was asked after the first decline, and how often money moved."""
    asked = SandboxCharge.objects.filter(kind="charge")
    return asked.count() - 1, asked.filter(status="succeeded").count()


def attempts() -> list[str]:
    """The kinds of attempts after the first decline."""
    steps = DunningStep.objects.filter(payment__isnull=False).exclude(kind="declined")
    return list(steps.order_by("number").values_list("kind", flat=True))


def test_two_workers_at_one_case_ask_once(committed: Database, sandbox_scope: Scope, case_id: UUID) -> None:
    retry = partial(internal.retry_due, case_id, actor=SYSTEM, now=DUE)
    assert at_once(sandbox_scope, [retry] * 6) == [""] * 6
    collect_all(sandbox_scope)
    with sandbox_scope(), transaction.atomic():
        assert (attempts(), charged()) == (["scheduled"], (1, 0))
        case = DunningCase.objects.get()
        assert (case.attempts, case.next_attempt_at) == (1, AT + timedelta(days=7))


def test_a_new_card_at_the_instant_of_a_retry_is_charged_once(
    committed: Database, sandbox_scope: Scope, case_id: UUID
) -> None:
    with sandbox_scope(), transaction.atomic():
        customer_id = DunningCase.objects.get().customer_id
        card = attach_payment_method(customer_id=customer_id, source="tok_success", actor=SYSTEM, now=DUE)
    again = partial(
        internal.collect_again, customer_id=customer_id, payment_method_id=card.pk, actor=SYSTEM, now=DUE
    )  # fmt: skip
    retry = partial(internal.retry_due, case_id, actor=SYSTEM, now=DUE)
    assert at_once(sandbox_scope, [retry, again, retry, again]) == [""] * 4
    collect_all(sandbox_scope)
    with sandbox_scope(), transaction.atomic():
        assert (len(attempts()), charged()) == (1, (1, 1))
        assert (DunningCase.objects.get().state, Invoice.objects.get().state) == ("recovered", "paid")


def test_a_card_that_came_while_a_retry_was_at_the_gateway_is_tried_after_it(
    committed: Database, sandbox_scope: Scope, case_id: UUID
) -> None:
    with sandbox_scope():
        internal.retry_due(case_id, actor=SYSTEM, now=DUE)
    with sandbox_scope(), transaction.atomic():
        waiting, customer_id = Payment.objects.unsettled().get(), DunningCase.objects.get().customer_id
    with sandbox_scope():
        payments.begin_attempt(payment_id=waiting.pk, now=DUE)  # the old card is at the gateway
    with sandbox_scope(), transaction.atomic():
        card = attach_payment_method(customer_id=customer_id, source="tok_success", actor=SYSTEM, now=DUE)
        internal.collect_again(customer_id=customer_id, payment_method_id=card.pk, actor=SYSTEM, now=DUE)
        assert (attempts(), Payment.objects.unsettled().count()) == (["scheduled"], 1)
    collect_all(sandbox_scope)
    collect_all(sandbox_scope)
    with sandbox_scope(), transaction.atomic():
        assert (attempts(), charged()) == (["scheduled", "new_method"], (2, 1))
        assert DunningCase.objects.get().state == "recovered"


def test_an_operator_and_the_schedule_ask_once(committed: Database, sandbox_scope: Scope, case_id: UUID) -> None:
    retry = partial(internal.retry_due, case_id, actor=SYSTEM, now=DUE)
    by_operator = partial(retry_dunning, dunning_id=case_id, reason="he called", actor=SYSTEM, now=DUE)
    refusals = at_once(sandbox_scope, [retry, by_operator, by_operator])
    assert set(refusals) == {"", "payment_under_way"}
    collect_all(sandbox_scope)
    with sandbox_scope(), transaction.atomic():
        assert (len(attempts()), charged()) == (1, (1, 0))


@pytest.mark.parametrize("order", ["money first", "at once", "retry first"])
def test_money_that_arrives_beside_a_retry_leaves_the_card_alone(
    committed: Database, sandbox_scope: Scope, case_id: UUID, order: str
) -> None:
    with sandbox_scope(), transaction.atomic():
        customer_id, invoice_id = DunningCase.objects.values_list("customer_id", "invoice_id").get()
        attach_payment_method(customer_id=customer_id, source="tok_success", actor=SYSTEM, now=DUE)
    retry = partial(internal.retry_due, case_id, actor=SYSTEM, now=DUE)
    money = partial(arrive, invoice_id)
    for calls in {"money first": [[money], [retry]], "retry first": [[retry], [money]]}.get(order, [[money, retry]]):
        assert at_once(sandbox_scope, calls) == [""] * len(calls)
    collect_all(sandbox_scope)
    with sandbox_scope(), transaction.atomic():
        assert charged() == (0, 0)
        assert (DunningCase.objects.get().state, Invoice.objects.get().paid_minor) == ("recovered", 1000)
    assert [code for code in CODES if invariants.broken(code)] == []


CODES = ("billing.payments_booked", "billing.receivable_is_due", "billing.paid_is_settled")


def arrive(invoice_id: UUID) -> None:
    """A bank transfer of the whole amount."""
    with transaction.atomic():
        settle(get_invoice(invoice_id), now=DUE)


@pytest.mark.parametrize("ending", ["exhaust", "money"])
def test_the_end_and_the_money_at_once_leave_one_outcome(
    committed: Database, sandbox_scope: Scope, case_id: UUID, ending: str
) -> None:
    with sandbox_scope(), transaction.atomic():
        DunningCase.objects.update(next_attempt_at=None, attempts=2, ends_at=DUE)
        invoice_id = DunningCase.objects.get().invoice_id
    calls = [partial(internal.exhaust_dunning, case_id, actor=SYSTEM, now=DUE), partial(arrive, invoice_id)]
    assert at_once(sandbox_scope, calls if ending == "exhaust" else calls[::-1]) == ["", ""]
    with sandbox_scope(), transaction.atomic():
        # Money that comes after the end is taken all the same.
        assert (DunningCase.objects.get().state, Invoice.objects.get().state) == ("recovered", "paid")
