"""Taking invoices back."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import postings, selectors
from billing.internal import _finalize, _ledger
from billing.internal._invoices import locked
from billing.models import Invoice
from billing.selectors import InvoiceView
from billing.signals import InvoiceVoided
from core import events
from core.actor import Actor
from payments import internal as payments


def void(invoice_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Invoice:
    """This function will void an invoice in the caller's transaction: call off its payment, mirror its journal.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotOpen: if it is a draft, paid, void, or partly paid.
    """
    invoice = locked(invoice_id)
    invoice.void(at=now)
    invoice.save(update_fields=["state", "voided_at", "due_minor"])
    payments.cancel_pending(reference=invoice.public_id, actor=actor, now=now)
    _mirror(invoice, now)
    events.publish(
        InvoiceVoided(
            subject=invoice.public_id,
            actor=actor.label,
            at=now,
            customer=_finalize.customer_of(invoice),
            reference=invoice.reference,
            kind=invoice.kind,
            reason=reason,
        )
    )
    return invoice


@transaction.atomic
def void_invoice_of(reference: str, *, actor: Actor, now: datetime, reason: str = "") -> tuple[InvoiceView, ...]:
    """This function will void what is open and unpaid of an agreement or gift, by its public id, and return it."""
    waiting = Invoice.objects.about(reference).open().filter(paid_minor=0).order_by("id")
    found = list(waiting.values_list("id", flat=True))
    return tuple(selectors.view(void(one, reason=reason, actor=actor, now=now)) for one in found)


def _mirror(invoice: Invoice, at: datetime) -> None:
    entries = _ledger.entries_of(f"invoice:{invoice.public_id}")
    booking = _ledger.Booking(
        reference=f"void:{invoice.public_id}",
        kind="void",
        currency=invoice.currency,
        at=at,
        invoice=invoice,
        subject_id=invoice.id,
    )
    _ledger.post(booking, postings.reversal(entries))
