"""Taking invoices back."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import postings, selectors
from billing.internal import _coupons, _dunning_closing, _finalize, _ledger, _pending, _wallets
from billing.internal._invoices import locked
from billing.internal._unpaid_credits import take_back_unpaid
from billing.models import Invoice
from billing.selectors import InvoiceView
from billing.signals import InvoiceVoided
from core import events
from core.actor import Actor
from payments import internal as payments

# The journals about an invoice itself, and the name of each one's mirror.
_MIRRORED = {"invoice": "void", "stored_value": "stored_value_void", "write_off": "write_off_void"}


def void(invoice_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Invoice:
    """This function will void an invoice in the caller's transaction: call off its payment, mirror its journal.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotOpen: if it is a draft, paid, void, or partly paid.
    """
    invoice = locked(invoice_id)
    invoice.void(at=now)
    invoice.save(update_fields=["state", "voided_at", "due_minor"])
    payments.cancel_pending(reference=invoice.public_id, actor=actor, now=now)
    if invoice.last_failure_code:
        _dunning_closing.stop(invoice, reason=reason, actor=actor, now=now)
    _take_back(invoice, actor=actor, now=now)
    take_back_unpaid(invoice, now=now)
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


def _take_back(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """What the invoice moved goes back: its journals, the stored value it used, and the coupons it counted."""
    for kind in _MIRRORED:
        _mirror(invoice, kind, now)
    _wallets.restore_invoice(invoice, now=now, actor=actor)
    _pending.give_back(invoice, now=now)
    _coupons.give_back_cycles(invoice.id)
    _coupons.release(invoice.public_id, actor=actor, now=now)


def _mirror(invoice: Invoice, kind: str, at: datetime) -> None:
    entries = _ledger.entries_of(f"{kind}:{invoice.public_id}")
    if entries:
        head = _finalize.booking(invoice, f"{_MIRRORED[kind]}:{invoice.public_id}", _MIRRORED[kind], at=at)
        _ledger.post(head, postings.reversal(entries))
