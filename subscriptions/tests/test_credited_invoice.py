"""What it means for a subscription when an invoice of it is credited: only what was paid for is bought."""

from collections.abc import Callable
from datetime import datetime

import pytest

from billing.models import Invoice
from billing.services import issue_credit_note
from core import ids
from core.actor import SYSTEM
from subscriptions.models import Subscription
from subscriptions.tests.factories import attach_card, make_customer, states_of, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Run = Callable[[], int]


def credit(invoice: Invoice, now: datetime, amount_minor: int | None = None) -> None:
    issue_credit_note(
        invoice_id=invoice.pk, amount_minor=amount_minor, reason="goodwill", key=str(ids.new()), actor=SYSTEM, now=now
    )


def unpaid() -> Subscription:
    """A subscription of a customer who has nothing to pay with."""
    return subscribe(make_customer())


def test_a_first_invoice_that_was_credited_wholly_activates_nothing(now: datetime, run_jobs: Run) -> None:
    subscription = unpaid()
    run_jobs()
    credit(Invoice.objects.get(), now)
    run_jobs()
    subscription.refresh_from_db()
    assert (Invoice.objects.get().state, subscription.status) == ("paid", "incomplete")


def test_a_first_invoice_whose_rest_was_credited_activates(now: datetime, run_jobs: Run) -> None:
    customer = make_customer()
    subscription = subscribe(customer)
    run_jobs()
    invoice = Invoice.objects.get()
    credit(invoice, now, invoice.due_minor - 100)
    attach_card(customer)
    run_jobs()
    subscription.refresh_from_db()
    assert (Invoice.objects.get().paid_minor, subscription.status) == (100, "active")


def test_a_renewal_that_was_credited_wholly_is_not_owed(
    freeze: Callable[[datetime], None], now: datetime, run_jobs: Run
) -> None:
    customer = make_customer()
    attach_card(customer)
    subscription = subscribe(customer)
    run_jobs()
    attach_card(customer, "fails_later")
    freeze(now.replace(month=2))
    run_jobs()
    credit(Invoice.objects.open().get(), now.replace(month=2))
    run_jobs()
    assert states_of(subscription) == ["incomplete", "active", "past_due", "active"]


def test_crediting_a_paid_invoice_leaves_the_subscription_as_it_is(now: datetime, run_jobs: Run) -> None:
    subscription = subscribe()
    run_jobs()
    credit(Invoice.objects.get(), now)
    run_jobs()
    assert states_of(subscription) == ["incomplete", "active"]
    assert Invoice.objects.get().refunded_minor == Invoice.objects.get().total_minor
