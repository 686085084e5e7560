"""Finalizing: the number, the journal, and from then on no change."""

from datetime import datetime

from billing import postings
from billing.internal import _ledger, _numbers
from billing.models import Invoice
from billing.signals import InvoiceFinalized, InvoicePaid
from core import events, ids
from core.actor import Actor

_NUMBERED = ["state", "counter", "sequence", "number", "issued_at", "due_at", "due_minor"]


def finalize(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """This function will number and book a draft in the caller's transaction and say so.

    :raises billing.models.InvoiceNotDraft: if it has its number already.
    """
    # The counter is locked last and for the shortest time: every invoice of the environment passes here.
    taken = _numbers.take("invoice", now=now)
    invoice.finalize(counter_id=taken.counter_id, sequence=taken.sequence, number=taken.number, at=taken.issued_at)
    invoice.save(update_fields=_NUMBERED)
    _book(invoice)
    events.publish(
        InvoiceFinalized(
            subject=invoice.public_id,
            actor=actor.label,
            at=now,
            customer=customer_of(invoice),
            reference=invoice.reference,
            kind=invoice.kind,
            number=taken.number,
            total_minor=invoice.total_minor,
            currency=invoice.currency,
        )
    )
    if invoice.total_minor == 0:
        _settle_nothing(invoice, actor=actor, at=taken.issued_at)


def say_paid(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """This function will publish that nothing is due on an invoice any more."""
    events.publish(
        InvoicePaid(
            subject=invoice.public_id,
            actor=actor.label,
            at=now,
            customer=customer_of(invoice),
            reference=invoice.reference,
            kind=invoice.kind,
            total_minor=invoice.total_minor,
            currency=invoice.currency,
        )
    )


def customer_of(invoice: Invoice) -> str:
    """This function will return the public id of an invoice's customer."""
    return ids.encode("cus", invoice.customer_id)


def _book(invoice: Invoice) -> None:
    entries = postings.invoice(kind=invoice.kind, total_minor=invoice.total_minor, tax_minor=invoice.tax_minor)
    if entries and invoice.issued_at is not None:
        booking = _ledger.Booking(
            reference=f"invoice:{invoice.public_id}",
            kind="invoice",
            currency=invoice.currency,
            at=invoice.issued_at,
            invoice=invoice,
            subject_id=invoice.id,
        )
        _ledger.post(booking, entries)


def _settle_nothing(invoice: Invoice, *, actor: Actor, at: datetime) -> None:
    invoice.receive(amount_minor=0, at=at)
    invoice.save(update_fields=["state", "paid_at"])
    say_paid(invoice, actor=actor, now=at)
