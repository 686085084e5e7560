"""Issuing an invoice: priced lines in, a numbered and booked invoice out."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from accounts import internal as accounts
from accounts import selectors as customers
from accounts.internal import LockedCustomer
from billing import selectors
from billing.internal import _collect, _drafts, _finalize, _pending, _situation
from billing.internal._drafts import NewInvoice
from billing.internal._situation import Situation
from billing.lines import NewLine
from billing.models import Invoice, InvoiceLine
from billing.selectors import InvoiceView
from core import events, money
from core.actor import Actor
from core.periods import Period
from core.verbs import verb


@verb
def issue_invoice(
    *,
    customer_id: UUID,
    currency: str,
    kind: str,
    lines: Sequence[NewLine],
    reference: str,
    key: str,
    collect: bool,
    actor: Actor,
    now: datetime,
    period: Period | None = None,
    customer: LockedCustomer | None = None,
    numbered_last: bool = False,
) -> InvoiceView:
    """Create and finalize an invoice in one step, and ask for its money when `collect` is set.

    This function will return the invoice of `key` if there is one already, whatever else is asked for. Otherwise it
    works out a new one with what waits for the agreement's next invoice, its coupons and taxes, uses stored value, and
    numbers and books it; an invoice on which nothing is due is paid at once. An invoice that bills usage waits as a
    draft for the environment's grace period, if it has one. Who holds the `customer`'s lock gives his row. Who does
    not look at the number asks for `numbered_last`: the environment's counter is locked when all else is done then, and
    until the transaction commits the invoice is a draft.

    :raises accounts.models.CurrencyMismatch: if the customer is billed in another currency.
    :raises core.money.UnknownCurrency: if the currency is none.
    :raises InvoiceEmpty: without lines.
    :raises InvoiceNegative: if the credits exceed the charges and there is no agreement whose next invoice could bear
    them.
    :raises core.errors.NotFound: if the environment has no such customer.
    """
    new = NewInvoice(
        customer_id=customer_id, currency=currency, kind=kind, lines=lines, reference=reference, key=key,
        collect=collect, period=period, customer=customer, numbered_last=numbered_last,
    )  # fmt: skip
    return issue(new, actor=actor, now=now)


def issue(new: NewInvoice, *, actor: Actor, now: datetime) -> InvoiceView:
    """This function will do what `issue_invoice` says, in the caller's transaction."""
    seen = begin(new)
    if seen.invoice_id is not None:
        return selectors.view(Invoice.objects.get(pk=seen.invoice_id))
    waits_until = _grace(new.lines, seen, now)
    invoice = draft(replace(new, finalizes_at=waits_until), seen, actor=actor, now=now)
    if waits_until is not None:
        _drafts.say_drafted(invoice, actor=actor, now=now)
    elif new.numbered_last:
        events.lastly(lambda: finalize(copy(invoice), actor=actor, now=now, seen=seen))
    else:
        finalize(invoice, actor=actor, now=now, seen=seen)
    return selectors.view(invoice)


def begin(new: NewInvoice) -> Situation:
    """This function will lock the customer of a new invoice and look for what there is, such as its key's invoice.

    Two calls with one key come one after the other, and the second finds the first one's row.
    """
    money.exponent(new.currency)
    customer = new.customer or accounts.lock_customer(new.customer_id)
    accounts.fix_currency(customer, new.currency)
    return _situation.look(customers.view(customer), key=new.key, reference=new.reference, currency=new.currency)


def draft(new: NewInvoice, seen: Situation, *, actor: Actor, now: datetime) -> Invoice:
    """This function will write a draft that takes up what waits for the agreement's next invoice."""
    waiting, row_ids = _pending.take_up(new.reference, currency=new.currency) if seen.has_waiting else ([], [])
    invoice = _drafts.write(replace(new, lines=[*new.lines, *waiting]), seen, actor=actor, now=now)
    _pending.mark_taken(row_ids, invoice, now=now)
    return invoice


def finalize(invoice: Invoice, *, actor: Actor, now: datetime, seen: Situation | None = None) -> None:
    """This function will finalize a written draft and ask for what is due, if it is to be collected.

    `seen` is given for an invoice that was begun in the same breath.
    """
    _finalize.finalize(invoice, actor=actor, now=now, seen=seen)
    if not (invoice.collects and invoice.due_minor):
        return
    if seen is None:
        _collect.request(invoice, actor=actor, now=now)
    else:
        _collect.request_first(invoice, actor=actor, now=now)


def _grace(lines: Sequence[NewLine], seen: Situation, now: datetime) -> datetime | None:
    if not any(line.kind == InvoiceLine.Kind.USAGE for line in lines):
        return None
    hours = seen.settings.grace_hours
    return now + timedelta(hours=hours) if hours else None
