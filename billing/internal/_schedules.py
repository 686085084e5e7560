"""What billing does at an instant that somebody has named: each asks again, under lock, if it is wanted."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.internal import _collect, _grace
from billing.internal._documents import InvoiceLetter, write_invoice_letter
from billing.internal._invoices import locked
from billing.models import Invoice, InvoiceNotOpen
from billing.selectors import InvoiceView
from billing.selectors import _documents as printed
from core import errors
from core.actor import Actor
from payments.selectors import PaymentView


class InvoiceNotRemindable(errors.Conflict):
    code = "invoice_not_remindable"
    title = "Nothing is due on the invoice, or its customer had no e-mail address."


def check_chargeable(invoice_id: UUID) -> None:
    """This function will refuse an invoice that can never be charged; a draft may be finalized in time.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotOpen: if it is paid, void or given up.
    """
    invoice = locked(invoice_id)
    if invoice.state not in (Invoice.State.DRAFT, Invoice.State.OPEN):
        raise InvoiceNotOpen(state=invoice.state)


def check_draft(invoice_id: UUID) -> None:
    """This function will refuse an invoice that is issued already.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotDraft: if it is finalized.
    """
    locked(invoice_id).refuse_unless_draft()


def check_remindable(invoice_id: UUID) -> None:
    """This function will refuse an invoice of which nobody can be reminded.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises InvoiceNotRemindable: if it is paid, void or given up, or its customer had no address.
    """
    invoice = locked(invoice_id)
    reason = printed.unsendable(invoice)
    if invoice.state not in (Invoice.State.DRAFT, Invoice.State.OPEN) or reason not in (None, "draft"):
        raise InvoiceNotRemindable(state=invoice.state)


@transaction.atomic
def charge_if_open(invoice_id: UUID, *, actor: Actor, now: datetime) -> PaymentView | None:
    """This function will have what is due on an invoice collected; None if it is settled or given up by now.

    A payment under way is not joined by a second one.

    :raises billing.models.InvoiceNotOpen: for what is still a draft.
    """
    invoice = locked(invoice_id)
    if invoice.state == Invoice.State.DRAFT:
        raise InvoiceNotOpen(state=invoice.state)
    if invoice.state != Invoice.State.OPEN or not invoice.due_minor:
        return None
    return _collect.request(invoice, actor=actor, now=now)


@transaction.atomic
def issue_if_draft(invoice_id: UUID, *, actor: Actor, now: datetime) -> InvoiceView | None:
    """This function will finalize a draft as of now; None if somebody has done so before."""
    if locked(invoice_id).state != Invoice.State.DRAFT:
        return None
    return _grace.finalize_draft(invoice_id, actor=actor, now=now)


def write_reminder(invoice_id: UUID, *, now: datetime) -> InvoiceLetter | None:
    """This function will return the mail that reminds of an invoice; None where nothing is due on it any more."""
    with transaction.atomic():
        invoice = locked(invoice_id)
        is_due = invoice.state == Invoice.State.OPEN and invoice.due_minor > 0
    return write_invoice_letter(invoice_id, now=now, is_reminder=True) if is_due else None
