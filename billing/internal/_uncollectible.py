"""Giving up on the money of an invoice."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import postings
from billing.internal import _dunning_closing, _finalize, _ledger
from billing.internal._invoices import locked
from billing.internal._unpaid_credits import withhold_unpaid
from billing.models import Invoice
from billing.signals import InvoiceWrittenOff
from core import events
from core.actor import Actor
from payments import internal as payments


@transaction.atomic
def write_off(invoice_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Invoice:
    """This function will write off what is due on an open invoice: call off its payment, take the debt off the books.

    Money that comes all the same is taken, and the write-off is taken back as far.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotOpen: in every state but open.
    """
    invoice = locked(invoice_id)
    invoice.write_off(at=now)
    invoice.save(update_fields=["state", "uncollectible_at"])
    payments.cancel_pending(reference=invoice.public_id, actor=actor, now=now)
    if invoice.last_failure_code:
        _dunning_closing.write_off(invoice, reason=reason, actor=actor, now=now)
    head = _finalize.booking(invoice, f"write_off:{invoice.public_id}", "write_off", at=now)
    _ledger.post(head, postings.write_off(amount_minor=invoice.due_minor))
    withhold_unpaid(invoice, now=now)
    events.publish(
        InvoiceWrittenOff(
            subject=invoice.public_id, actor=actor.label, at=now, customer=_finalize.customer_of(invoice),
            reference=invoice.reference, kind=invoice.kind, amount_minor=invoice.due_minor, currency=invoice.currency,
            reason=reason,
        )
    )  # fmt: skip
    return invoice
