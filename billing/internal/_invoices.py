"""Finding and locking invoices."""

from uuid import UUID

from accounts.internal import lock_customer
from billing.models import Invoice
from core.errors import NotFound


def locked(invoice_id: UUID) -> Invoice:
    """This function will lock an invoice after its customer, who comes first in the order of locks.

    :raises core.errors.NotFound: if the environment has no such invoice.
    """
    customer_id = Invoice.objects.filter(pk=invoice_id).values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise NotFound
    lock_customer(customer_id)
    return Invoice.objects.select_for_update().get(pk=invoice_id)
