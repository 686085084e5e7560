"""The end of dunning waits for a payment that is under way."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from billing import internal
from billing.models import DunningCase, Invoice
from billing.selectors import InvoiceView
from billing.services import pay_invoice
from billing.tests.dunning.builders import case_of, decline
from billing.tests.factories import settle
from core import clock
from core.actor import SYSTEM
from payments.models import Payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice() -> InvoiceView:
    """An invoice whose dunning is at its end, and which its customer has just asked to pay."""
    invoice = decline()
    DunningCase.objects.update(attempts=4, next_attempt_at=None, ends_at=clock.now())
    pay_invoice(invoice_id=invoice.id, actor=SYSTEM, now=clock.now())
    return invoice


def exhaust(invoice: InvoiceView) -> DunningCase | None:
    return internal.exhaust_dunning(case_of(invoice).pk, actor=SYSTEM, now=clock.now())


def test_it_is_waited_for(invoice: InvoiceView, facts: Callable[[], list[str]]) -> None:
    assert exhaust(invoice) is None
    case = case_of(invoice)
    assert (case.state, case.ends_at, case.steps.last().kind) == ("open", None, "by_hand")
    assert "invoice.dunning_exhausted" not in facts()


def test_failing_it_sets_the_end_anew(invoice: InvoiceView, facts: Callable[[], list[str]]) -> None:
    exhaust(invoice)
    payment, later = Payment.objects.unsettled().get(), clock.now() + timedelta(days=30)
    payment.fail(code="card_declined", at=later)
    payment.save()
    internal.record_payment_failure(invoice_id=invoice.id, code="card_declined", is_hard=False, actor=SYSTEM, now=later)
    assert case_of(invoice).ends_at == later
    internal.exhaust_dunning(case_of(invoice).pk, actor=SYSTEM, now=later)
    assert (case_of(invoice).state, facts().count("invoice.dunning_exhausted")) == ("exhausted", 1)


def test_succeeding_it_recovers(invoice: InvoiceView) -> None:
    exhaust(invoice)
    settle(invoice, now=clock.now())
    assert (case_of(invoice).state, Invoice.objects.get(pk=invoice.id).state) == ("recovered", "paid")


def test_what_is_not_due_yet_is_not_ended(invoice: InvoiceView) -> None:
    Payment.objects.unsettled().get().cancel(at=clock.now())
    DunningCase.objects.update(ends_at=clock.now() + timedelta(days=1))
    assert exhaust(invoice) is None
    assert case_of(invoice).state == "open"
