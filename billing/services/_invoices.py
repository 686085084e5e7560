"""What somebody may ask for about invoices."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import internal
from billing.internal._invoices import locked
from billing.models import Invoice, InvoiceNotOpen, NumberSeries
from billing.signals import NumberingConfigured
from core import errors, events
from core.actor import Actor
from payments import selectors as money_in
from payments.selectors import PaymentView


class PaymentUnderWay(errors.Conflict):
    code = "payment_under_way"
    title = "A payment of this invoice is under way; another method can be tried when it has failed."


@transaction.atomic
def pay_invoice(*, invoice_id: UUID, actor: Actor, now: datetime, payment_method_id: UUID | None = None) -> PaymentView:
    """Have what is due on an open invoice collected, from the named payment method or the customer's default.

    This function will return the payment, which a worker collects: what comes of it is a fact later on. Without a
    named method a payment that is under way is returned.

    :raises core.errors.NotFound: if the environment has no such invoice, or the customer no such payment method.
    :raises billing.models.InvoiceNotOpen: if nothing can be paid on it.
    :raises PaymentUnderWay: if a method is named while another payment is under way.
    """
    # The payment points to the customer, so his lock comes first, as everywhere.
    invoice = locked(invoice_id)
    if not invoice.is_settleable or not invoice.due_minor:
        raise InvoiceNotOpen(state=invoice.state)
    if payment_method_id is not None:
        refuse_if_under_way(invoice)
    return internal.request_payment(invoice, actor=actor, now=now, payment_method_id=payment_method_id)


@transaction.atomic
def void_invoice(*, invoice_id: UUID, reason: str, actor: Actor, now: datetime) -> Invoice:
    """Take back an invoice on which nothing has been paid. It keeps its number; its journal is mirrored.

    This function will return the void invoice.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotOpen: if it is a draft, paid, void, or partly paid.
    """
    return internal.void(invoice_id, reason=reason, actor=actor, now=now)


@transaction.atomic
def mark_uncollectible(*, invoice_id: UUID, reason: str, actor: Actor, now: datetime) -> Invoice:
    """Give up on an open invoice: what is due is written off, and its payment is called off.

    This function will return the invoice. Money that comes all the same is taken and brings it to `paid`.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotOpen: in every state but open.
    """
    return internal.write_off(invoice_id, reason=reason, actor=actor, now=now)


@transaction.atomic
def configure_numbering(
    *, pattern: str, reset: str, actor: Actor, now: datetime, code: str = "invoice"
) -> NumberSeries:
    """Decide how documents are numbered: `pattern` such as `INV-{yyyy}{mm}-{seq:05}`, `reset` never, yearly or monthly.

    `code` is the series: `invoice` or `credit_note`. This function will return it. It can be decided until the first
    number has been given.

    :raises billing.numbering.NumberFormatInvalid: if the pattern would write one number twice, or none.
    :raises billing.internal.NumberingInUse: once a number has been given.
    """
    series = internal.configure_series(code, pattern=pattern, reset=reset, now=now)
    events.publish(
        NumberingConfigured(
            subject=series.public_id, actor=actor.label, at=now, series=code, pattern=pattern, reset=reset
        )
    )
    return series


def refuse_if_under_way(invoice: Invoice) -> None:
    """This function will raise PaymentUnderWay while a payment of a locked invoice is not settled."""
    under_way = [one for one in money_in.list_payments(invoice.public_id) if one.is_unsettled]
    if under_way:
        raise PaymentUnderWay(payment=under_way[0].public_id)
