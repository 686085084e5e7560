"""What money does to an invoice: it arrives, fails to arrive, or goes back."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import postings, selectors
from billing.internal import _dunning, _dunning_closing, _finalize, _ledger, _wallets
from billing.internal._invoices import locked
from billing.internal._unpaid_credits import release_withheld
from billing.models import Invoice
from billing.selectors import InvoiceView
from billing.signals import InvoicePaymentFailed, InvoicePaymentReceived, InvoiceRefunded
from core import errors, events, failpoints, ids
from core.actor import Actor


class InvoiceCurrencyMismatch(errors.Conflict):
    code = "invoice_currency_mismatch"
    title = "The money is in another currency than the invoice."


@transaction.atomic
def settle(
    *, invoice_id: UUID, payment: str, amount_minor: int, currency: str, actor: Actor, now: datetime
) -> InvoiceView:
    """Book a payment (public id `pay_…`) that has succeeded.

    This function will take what is due and owe the customer the rest; settling one payment twice changes nothing.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises InvoiceCurrencyMismatch: if the currencies differ.
    """
    invoice = _locked_in(invoice_id, currency)
    reference = f"payment:{payment}"
    if _ledger.is_booked(reference):
        return selectors.view(invoice)
    before, was_declined = invoice.state, bool(invoice.last_failure_code)
    taken = invoice.receive(amount_minor=amount_minor, at=now)
    invoice.save(update_fields=["state", "paid_minor", "due_minor", "paid_at", "last_failure_code"])
    entries = postings.payment(amount_minor=amount_minor, taken_minor=taken)
    _ledger.post(_booking(invoice, reference, "payment", ids.decode("pay", payment), now), entries)
    if __debug__:
        failpoints.reach("billing.payment_booked")
    if was_declined:
        _dunning_closing.note_money(invoice, actor=actor, now=now)
    if before == Invoice.State.UNCOLLECTIBLE and taken:
        _recover(invoice, payment, taken, now)
    if invoice.state == Invoice.State.PAID and before != Invoice.State.PAID:
        became_paid(invoice, actor=actor, now=now)
    else:
        _say_received(invoice, payment, amount_minor, amount_minor - taken, actor, now)
    _keep_excess(invoice, payment, amount_minor - taken, actor, now)
    return selectors.view(invoice)


def became_paid(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """This function will give what an invoice sold to a wallet, if it did, and say that it is paid."""
    if invoice.uncollectible_at is not None:
        release_withheld(invoice)
    if invoice.kind == Invoice.Kind.TOP_UP:
        _wallets.grant_top_up(invoice, now=now, actor=actor)
    _finalize.say_paid(invoice, actor=actor, now=now)


@transaction.atomic
def record_payment_failure(*, invoice_id: UUID, code: str, is_hard: bool, actor: Actor, now: datetime) -> InvoiceView:
    """This function will remember on an open invoice why its last payment failed, and say so; else do nothing.

    :raises core.errors.NotFound: if the environment has no such invoice.
    """
    invoice = locked(invoice_id)
    if invoice.state != Invoice.State.OPEN:
        _dunning_closing.note_money(invoice, actor=actor, now=now)
        return selectors.view(invoice)
    invoice.last_failure_code = code
    invoice.save(update_fields=["last_failure_code"])
    events.publish(
        InvoicePaymentFailed(
            subject=invoice.public_id,
            actor=actor.label,
            at=now,
            customer=_finalize.customer_of(invoice),
            reference=invoice.reference,
            kind=invoice.kind,
            code=code,
            is_hard=is_hard,
        )
    )
    _dunning.note_failure(invoice, actor=actor, now=now)
    if invoice.kind == Invoice.Kind.ONE_OFF and invoice.collects:
        _dunning.begin_dunning(invoice_id=invoice_id, failed_at=now, actor=actor, now=now)
    return selectors.view(invoice)


@transaction.atomic
def record_refund(
    *, invoice_id: UUID, refund: str, amount_minor: int, currency: str, actor: Actor, now: datetime
) -> InvoiceView:
    """This function will book a refund (public id `rfd_…`) that has succeeded; booking it twice changes nothing.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises InvoiceCurrencyMismatch: if the currencies differ.
    :raises billing.models.RefundBeforePayment: if more goes back than has arrived so far.
    """
    invoice = _locked_in(invoice_id, currency)
    reference = f"refund:{refund}"
    if _ledger.is_booked(reference):
        return selectors.view(invoice)
    invoice.give_back(amount_minor=amount_minor)
    invoice.save(update_fields=["refunded_minor"])
    entries = postings.refund(amount_minor=amount_minor)
    _ledger.post(_booking(invoice, reference, "refund", ids.decode("rfd", refund), now), entries)
    events.publish(
        InvoiceRefunded(
            subject=invoice.public_id,
            actor=actor.label,
            at=now,
            customer=_finalize.customer_of(invoice),
            reference=invoice.reference,
            kind=invoice.kind,
            refund=refund,
            amount_minor=amount_minor,
            currency=currency,
        )
    )
    return selectors.view(invoice)


def _recover(invoice: Invoice, payment: str, taken_minor: int, at: datetime) -> None:
    """What had been written off came all the same: so much of the write-off is taken back."""
    head = _finalize.booking(invoice, f"recovery:{payment}", "recovery", at=at)
    _ledger.post(head, postings.recovery(amount_minor=taken_minor))


def _keep_excess(invoice: Invoice, payment: str, excess_minor: int, actor: Actor, now: datetime) -> None:
    """Money beyond what was due is the customer's: it goes into his wallet."""
    if excess_minor:
        _wallets.grant(
            customer_id=invoice.customer_id, currency=invoice.currency, source="overpayment",
            amount_minor=excess_minor, key=f"overpayment:{payment}", invoice=invoice,
            description=f"Overpayment of {invoice}", actor=actor, now=now,
        )  # fmt: skip


def _locked_in(invoice_id: UUID, currency: str) -> Invoice:
    invoice = locked(invoice_id)
    if invoice.currency != currency:
        raise InvoiceCurrencyMismatch(invoice_currency=invoice.currency, currency=currency)
    return invoice


def _booking(invoice: Invoice, reference: str, kind: str, subject_id: UUID, at: datetime) -> _ledger.Booking:
    return _ledger.Booking(
        reference=reference, kind=kind, currency=invoice.currency, at=at, invoice=invoice, subject_id=subject_id
    )


def _say_received(
    invoice: Invoice, payment: str, amount_minor: int, excess_minor: int, actor: Actor, now: datetime
) -> None:
    events.publish(
        InvoicePaymentReceived(
            subject=invoice.public_id,
            actor=actor.label,
            at=now,
            customer=_finalize.customer_of(invoice),
            reference=invoice.reference,
            payment=payment,
            amount_minor=amount_minor,
            excess_minor=excess_minor,
            currency=invoice.currency,
        )
    )
