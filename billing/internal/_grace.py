"""Drafts on their way to finalization."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import selectors
from billing.internal import _drafts, _issue, _pending, _rating
from billing.internal._invoices import locked
from billing.models import Invoice
from billing.selectors import InvoiceView
from core.actor import Actor


@transaction.atomic
def finalize_draft(invoice_id: UUID, *, actor: Actor, now: datetime) -> InvoiceView:
    """This function will finalize a draft as of now: with the usage that came late, today's taxes, and its coupons.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotDraft: if it is finalized already.
    :raises InvoiceNegative: if its credits exceed its charges and cannot wait.
    """
    invoice = locked(invoice_id)
    invoice.refuse_unless_draft()
    rows = invoice.lines.order_by("position")
    lines = [_rating.rated_again(row, customer_id=invoice.customer_id, now=now) for row in rows]
    _drafts.rewrite(invoice, [*lines, *_pending.carried_by(invoice)], actor=actor, now=now)
    _issue.finalize(invoice, actor=actor, now=now)
    return selectors.view(invoice)


@transaction.atomic
def end_grace(invoice_id: UUID, *, actor: Actor, now: datetime) -> InvoiceView | None:
    """This function will finalize a draft whose grace period is over; None if it is not, or is no draft any more.

    :raises core.errors.NotFound: if the environment has no such invoice.
    """
    invoice = locked(invoice_id)
    if invoice.state != Invoice.State.DRAFT or invoice.finalizes_at is None or invoice.finalizes_at > now:
        return None
    return finalize_draft(invoice_id, actor=actor, now=now)
