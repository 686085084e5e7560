"""Invoices that could not be collected."""

from typing import Any

from billing import internal
from billing.models import DunningCase
from billing.selectors import InvoiceView
from billing.tests.factories import issue
from core import clock
from core.actor import SYSTEM
from payments.models import Payment


def decline(**known: Any) -> InvoiceView:
    """A one-off invoice that its customer, who has no method, could not pay just now; the dunning has begun."""
    now = clock.wall()
    invoice = issue(**{"collect": True, "reference": ""} | known)
    payment = Payment.objects.about(invoice.public_id).get()
    payment.fail(code="no_payment_method", at=now)
    payment.save(update_fields=["status", "failure_code", "settled_at"])
    internal.record_payment_failure(
        invoice_id=invoice.id, code="no_payment_method", is_hard=False, actor=SYSTEM, now=now
    )
    return invoice


def case_of(invoice: InvoiceView) -> DunningCase:
    """The dunning of an invoice."""
    return DunningCase.objects.get(invoice_id=invoice.id)
