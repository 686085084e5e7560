"""Finalizing: stored value, the number, the journal, and from then on no change."""

from datetime import datetime

from billing import postings
from billing.internal import _coupons, _ledger, _numbers, _wallets
from billing.internal._situation import Situation
from billing.models import Invoice
from billing.signals import InvoiceFinalized, InvoicePaid
from core import events, failpoints, ids
from core.actor import Actor
from core.tenancy import writes as tables

# What finalizing changes of an invoice's row.
FIXED = (
    "state", "counter", "sequence", "number", "issued_at", "due_at", "due_minor", "finalizes_at",
    "credit_applied_minor", "wallet_applied_minor", "paid_at",
)  # fmt: skip


def finalize(invoice: Invoice, *, actor: Actor, now: datetime, seen: Situation | None = None) -> None:
    """This function will use stored value for a draft, number and book it in the caller's transaction and say so.

    `seen` is what was seen when the draft was begun in the same transaction; nothing that was not there is looked for.

    :raises billing.models.InvoiceNotDraft: if it has its number already.
    """
    invoice.refuse_unless_draft()
    if invoice.kind != Invoice.Kind.TOP_UP and (seen is None or seen.has_wallet):
        used = _wallets.pay_invoice(invoice, now=now, actor=actor)
        invoice.credit_applied_minor, invoice.wallet_applied_minor = used.credit_minor, used.wallet_minor
    if invoice.discount_minor:
        _coupons.count_cycles(invoice.id)
    # The counter is locked last and for the shortest time: every invoice of the environment passes here.
    taken = _numbers.take("invoice", now=now)
    invoice.finalize(counter_id=taken.counter_id, sequence=taken.sequence, number=taken.number, at=taken.issued_at)
    if __debug__:
        failpoints.reach("billing.invoice_numbered")
    _book(invoice, seen, at=taken.issued_at)
    if __debug__:
        failpoints.reach("billing.invoice_booked")
    say_finalized(invoice, actor=actor, now=now)
    if invoice.due_minor == 0:
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


def booking(invoice: Invoice, reference: str, kind: str, *, at: datetime) -> _ledger.Booking:
    """This function will return the head of a journal about an invoice itself."""
    return _ledger.Booking(
        reference=reference, kind=kind, currency=invoice.currency, at=at, invoice=invoice, subject_id=invoice.id
    )


def head_of(invoice: Invoice) -> _ledger.Booking:
    """This function will return the head of a numbered invoice's own journal."""
    issued_at = invoice.issued_at
    assert issued_at is not None  # noqa: S101 - for the type checker
    return booking(invoice, f"invoice:{invoice.public_id}", "invoice", at=issued_at)


def entries_of(invoice: Invoice) -> list[postings.Entry]:
    """This function will return what a numbered invoice's own journal says."""
    return postings.invoice(kind=invoice.kind, total_minor=invoice.total_minor, tax_minor=invoice.tax_minor)


def _book(invoice: Invoice, seen: Situation | None, *, at: datetime) -> None:
    """The invoice itself is written with its journal."""
    accounts = seen.accounts if seen else None
    entries = entries_of(invoice)
    if entries:
        _ledger.post(head_of(invoice), entries, known=accounts, changed=[(invoice, FIXED)])
    else:
        tables.later([], [(invoice, FIXED)])
    stored = invoice.credit_applied_minor + invoice.wallet_applied_minor
    if stored:
        head = booking(invoice, f"stored_value:{invoice.public_id}", "stored_value", at=at)
        _ledger.post(head, postings.stored_value(amount_minor=stored))


def say_finalized(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """This function will publish that an invoice has its number and no longer changes."""
    events.publish(
        InvoiceFinalized(
            subject=invoice.public_id,
            actor=actor.label,
            at=now,
            customer=customer_of(invoice),
            reference=invoice.reference,
            kind=invoice.kind,
            number=str(invoice.number),
            total_minor=invoice.total_minor,
            due_minor=invoice.due_minor,
            currency=invoice.currency,
        )
    )


def _settle_nothing(invoice: Invoice, *, actor: Actor, at: datetime) -> None:
    invoice.settle_nothing(at=at)
    invoice.save(update_fields=["state", "paid_at"])
    say_paid(invoice, actor=actor, now=at)
