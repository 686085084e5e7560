"""Where the total of a credit note goes: off the amount due, back as money, into the wallet, or out of band."""

from dataclasses import dataclass
from datetime import datetime

from billing import postings
from billing.internal import _collect, _dunning_closing, _finalize, _ledger, _settle, _wallets
from billing.internal._unpaid_credits import take_back_unpaid
from billing.models import CreditNote, Invoice, WalletLot
from billing.signals import InvoiceCredited
from core import errors, events
from core.actor import Actor
from payments import internal as payments
from payments import selectors as money_in
from payments import services as refunds


class SettlementUnknown(errors.Invalid):
    code = "settlement_unknown"
    title = "What is beyond the amount due goes by refund, wallet or out_of_band."


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A note's total, divided, in minor units."""

    due_minor: int = 0
    refund_minor: int = 0
    wallet_minor: int = 0
    out_of_band_minor: int = 0


def divide(invoice: Invoice, total_minor: int, settle: str) -> Settled:
    """This function will divide a note's total for a locked invoice: what is due first, the rest as `settle` says.

    When it says nothing, the rest is refunded as far as there are payments to be refunded, else put into the wallet.

    :raises SettlementUnknown: if it says something else.
    :raises payments.services.NothingToRefund: if a refund is asked for and the payments have less left.
    """
    if settle and settle not in CreditNote.Settlement:
        raise SettlementUnknown
    due = min(total_minor, invoice.due_minor) if invoice.is_settleable else 0
    rest = total_minor - due
    if not rest or settle == CreditNote.Settlement.WALLET:
        return Settled(due_minor=due, wallet_minor=rest)
    if settle == CreditNote.Settlement.OUT_OF_BAND:
        return Settled(due_minor=due, out_of_band_minor=rest)
    refundable = sum(one.left_minor for one in money_in.list_refundable(invoice.public_id))
    if settle == CreditNote.Settlement.REFUND and rest > refundable:
        raise refunds.NothingToRefund(refundable_minor=refundable)
    refund = min(rest, refundable)
    return Settled(due_minor=due, refund_minor=refund, wallet_minor=rest - refund)


def carry_out(note: CreditNote, invoice: Invoice, settled: Settled, *, actor: Actor, now: datetime) -> None:
    """This function will do with a new note's total what was decided, in the caller's transaction: book it, take it
    off what is due, have money refunded, and put the rest into the wallet.
    """
    _book(note, invoice)
    if settled.due_minor:
        _reduce(note, invoice, actor=actor, now=now)
    _refund(note, invoice, settled.refund_minor, actor=actor, now=now)
    if settled.wallet_minor:
        _wallets.grant(
            customer_id=invoice.customer_id, currency=invoice.currency, source=WalletLot.Source.CREDIT_NOTE,
            amount_minor=settled.wallet_minor, key=f"credit_note:{note.public_id}", credit_note=note,
            description=f"Credit note {note}", actor=actor, now=now,
        )  # fmt: skip


def _book(note: CreditNote, invoice: Invoice) -> None:
    if invoice.state == Invoice.State.UNCOLLECTIBLE and note.due_minor:
        # What was written off is a debt again before the note takes it away.
        head = _finalize.booking(invoice, f"recovery:{note.public_id}", "recovery", at=note.issued_at)
        _ledger.post(head, postings.recovery(amount_minor=note.due_minor))
    entries = postings.credit_note(
        kind=invoice.kind, net_minor=note.subtotal_minor, tax_minor=note.tax_minor, due_minor=note.due_minor,
        refund_minor=note.refund_minor, wallet_minor=note.wallet_minor, out_of_band_minor=note.out_of_band_minor,
    )  # fmt: skip
    head = _ledger.Booking(
        reference=f"credit_note:{note.public_id}", kind="credit_note", currency=note.currency, at=note.issued_at,
        invoice=invoice, subject_id=note.id,
    )  # fmt: skip
    _ledger.post(head, entries)


def _reduce(note: CreditNote, invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    was_declined = bool(invoice.last_failure_code)
    invoice.reduce(amount_minor=note.due_minor, at=now)
    invoice.save(update_fields=["state", "credited_minor", "due_minor", "paid_at", "last_failure_code"])
    is_settled = invoice.state == Invoice.State.PAID
    # Of an invoice that was credited wholly nobody has paid anything: what it billed was not bought.
    is_forgiven = is_settled and invoice.credited_minor == invoice.total_minor
    _say_credited(note, invoice, is_forgiven, actor=actor, now=now)
    _ask_anew(invoice, actor=actor, now=now)
    if was_declined and is_forgiven:
        _dunning_closing.stop(invoice, reason=str(note), actor=actor, now=now)
    elif was_declined:
        _dunning_closing.note_money(invoice, actor=actor, now=now)
    if is_forgiven:
        take_back_unpaid(invoice, now=note.issued_at)
    elif is_settled:
        _settle.became_paid(invoice, actor=actor, now=now)


def _ask_anew(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """A payment that has not begun asks for too much now."""
    if any(one.is_unsettled for one in money_in.list_payments(invoice.public_id)):
        payments.cancel_pending(reference=invoice.public_id, actor=actor, now=now)
        if invoice.due_minor:
            _collect.request(invoice, actor=actor, now=now)


def _refund(note: CreditNote, invoice: Invoice, amount_minor: int, *, actor: Actor, now: datetime) -> None:
    if not amount_minor:
        return
    for one in money_in.list_refundable(invoice.public_id):
        part = min(one.left_minor, amount_minor)
        if part:
            refunds.refund_payment(
                payment_id=one.payment_id, amount_minor=part, reason=f"Credit note {note}",
                key=f"credit_note:{note.public_id}", actor=actor, now=now,
            )  # fmt: skip
        amount_minor -= part


def _say_credited(note: CreditNote, invoice: Invoice, is_forgiven: bool, *, actor: Actor, now: datetime) -> None:
    events.publish(
        InvoiceCredited(
            subject=invoice.public_id, actor=actor.label, at=now, customer=_finalize.customer_of(invoice),
            reference=invoice.reference, kind=invoice.kind, credit_note=note.public_id, amount_minor=note.due_minor,
            due_minor=invoice.due_minor, currency=invoice.currency, is_forgiven=is_forgiven,
        )
    )  # fmt: skip
