"""What billing hears of payments that are not an invoice's, and of new ways to pay."""

from collections.abc import Callable

import pytest

from billing import handlers, internal, selectors
from billing.models import Journal
from billing.tests.factories import AT, issue, make_customer_id, payment_id, settle
from core import ids
from core.actor import SYSTEM
from payments import selectors as payments
from payments.signals import PaymentFailed, PaymentMethodAttached, PaymentSucceeded, RefundSucceeded
from payments.tests.factories import make_method

pytestmark = pytest.mark.django_db

CUSTOMER = ids.encode("cus", ids.new())


@pytest.mark.parametrize("reference", ["wal_1", "", "sub_01m7xxe4m7e5pbhnqpzk4pk1g0"])
def test_money_for_something_else_is_not_billings(reference: str, facts: Callable[[], list[str]]) -> None:
    handlers.settle_invoice(
        PaymentSucceeded(
            subject=payment_id(), actor="system:worker", at=AT, customer=CUSTOMER, reference=reference,
            amount_minor=5, currency="USD", gateway="sandbox",
        )
    )  # fmt: skip
    handlers.record_payment_failure(
        PaymentFailed(
            subject=payment_id(), actor="system:worker", at=AT, customer=CUSTOMER, reference=reference,
            amount_minor=5, currency="USD", code="card_declined", is_hard=False,
        )
    )  # fmt: skip
    handlers.record_refund(
        RefundSucceeded(
            subject=ids.encode("rfd", ids.new()), actor="system:worker", at=AT, payment=payment_id(),
            customer=CUSTOMER, reference=reference, amount_minor=5, currency="USD",
        )
    )  # fmt: skip
    assert not Journal.objects.exists()
    assert facts() == []


def test_a_method_that_is_not_to_be_charged_is_not_tried() -> None:
    customer_id = make_customer_id()
    declined = issue(customer_id=customer_id)
    internal.record_payment_failure(invoice_id=declined.id, code="card_declined", is_hard=False, actor=SYSTEM, now=AT)
    make_method(customer_id)
    spare = make_method(customer_id, is_default=False)
    handlers.collect_again(
        PaymentMethodAttached(
            subject=spare.public_id, actor="system:worker", at=AT, customer=ids.encode("cus", customer_id)
        )
    )
    assert payments.list_payments(declined.public_id) == ()


def test_a_new_method_is_tried_on_declined_invoices_only() -> None:
    customer_id = make_customer_id()
    declined, waiting = issue(customer_id=customer_id), issue(customer_id=customer_id)
    paid, stranger = settle(issue(customer_id=customer_id)), issue()
    for one in (declined, paid, stranger):
        internal.record_payment_failure(invoice_id=one.id, code="card_declined", is_hard=False, actor=SYSTEM, now=AT)
    card = make_method(customer_id)
    handlers.collect_again(
        PaymentMethodAttached(
            subject=card.public_id, actor="system:worker", at=AT, customer=ids.encode("cus", customer_id)
        )
    )
    asked = [one for one in (declined, waiting, paid, stranger) if payments.list_payments(one.public_id)]
    assert asked == [declined]
    assert selectors.get_invoice(declined.id).state == "open"
