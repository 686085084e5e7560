"""Subscribing locks the environment's counter of invoices when everything else is done."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice, Journal
from outbox.models import OutboxEvent
from payments.models import Payment
from subscriptions.models import SubscriptionPeriod
from subscriptions.tests.factories import make_customer, make_plan, monthly
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
URL = "/api/v1/subscriptions"


@pytest.fixture
def plan() -> str:
    return make_plan(monthly("20")).public_id


def test_after_the_counter_there_is_one_statement(api: Api, plan: str) -> None:
    """Everybody who subscribes in the environment waits for the counter, so nobody keeps it for long."""
    api.post(URL, {"customer": make_customer().public_id, "plan": plan})  # makes the series
    with CaptureQueriesContext(connection) as seen:
        answer = api.post(URL, {"customer": make_customer().public_id, "plan": plan})
    assert answer.status_code == 201, answer.content
    statements = [one["sql"] for one in seen.captured_queries if not one["sql"].startswith(("RELEASE", "SELECT set_"))]
    (place,) = [at for at, sql in enumerate(statements) if "INTO billing_numbercounter" in sql]
    (last,) = statements[place + 1 :]
    for table in ("billing_journal", "billing_posting", "payments_payment", "outbox_outboxevent", "audit_entry"):
        assert table in last


def test_what_comes_of_it_is_what_an_invoice_at_once_would_be(api: Api, plan: str) -> None:
    body = api.post(URL, {"customer": make_customer().public_id, "plan": plan}).json()
    invoice = Invoice.objects.get(reference=body["id"])
    assert (invoice.state, invoice.number is None, invoice.due_minor) == ("open", False, 2000)
    assert SubscriptionPeriod.objects.get().invoice_id == invoice.pk
    assert Journal.objects.get(invoice=invoice).at == invoice.issued_at
    payment = Payment.objects.get(reference=invoice.public_id)
    assert (payment.amount_minor, payment.description) == (2000, f"Invoice {invoice.number}")
    finalized = OutboxEvent.objects.get(type="invoice.finalized")
    assert finalized.data["number"] == invoice.number


def test_two_in_one_environment_have_numbers_in_a_row(api: Api, plan: str) -> None:
    for _ in range(3):
        api.post(URL, {"customer": make_customer().public_id, "plan": plan})
    assert list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True)) == [1, 2, 3]
