"""What somebody may ask for about documents: another language, and an invoice in the mail."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import internal
from billing.models import Document, Invoice
from billing.selectors import _documents as printed
from core import errors, ids
from core.actor import Actor
from jobs import services as jobs


class InvoiceNotSendable(errors.Conflict):
    code = "invoice_not_sendable"
    title = "The invoice is a draft, void or of nothing, or its customer had no e-mail address."


@transaction.atomic
def send_invoice(*, invoice_id: UUID, actor: Actor, now: datetime) -> Invoice:  # noqa: ARG001 - as every verb
    """Mail an invoice to the address that its customer had when it was issued.

    This function will return the invoice; a job mails it, each time it is asked for.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises InvoiceNotSendable: for a draft, a void one, one of zero, and without an address.
    """
    invoice = internal.locked(invoice_id)
    reason = printed.unsendable(invoice)
    if reason is not None:
        raise InvoiceNotSendable(reason=reason)
    jobs.enqueue("billing.send_invoice", payload={"invoice_id": str(invoice.id)}, key=str(ids.new()))
    return invoice


@transaction.atomic
def request_document(*, kind: str, subject_id: UUID, locale: str, actor: Actor, now: datetime) -> None:  # noqa: ARG001
    """Have the document of an invoice (`invoice`, `receipt`) or a `credit_note` printed in another language.

    This function will have a job print it; asked again, it changes nothing.

    :raises core.errors.NotFound: if the environment has no such invoice or credit note.
    :raises billing.selectors.InvoiceNotFinal: for a draft.
    :raises billing.selectors.NothingPaid: for the receipt of an invoice on which no money was paid.
    """
    printed.get_printable(Document.Kind(kind), subject_id)
    internal.order_document(kind, subject_id, printed.normal_locale(locale))
