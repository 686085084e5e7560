"""Finding and locking invoices."""

from uuid import UUID

from billing.models import Invoice
from core.errors import NotFound


def locked(invoice_id: UUID) -> Invoice:
    """This function will lock an invoice until the transaction ends.

    :raises core.errors.NotFound: if the environment has no such invoice.
    """
    row = Invoice.objects.select_for_update().filter(pk=invoice_id).first()
    if row is None:
        raise NotFound
    return row
