"""Issuing the plain invoices of many customers at once: what `issue_invoice` does, in a bounded number of statements.

Plain is what needs no look at a row that another invoice of the same batch may have changed, and no decision that is
the customer's: no stored value, no usage that waits for a grace period, no credit that has to be carried on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from billing.arithmetic import TaxBehavior
from billing.internal import _collect, _coupons, _drafts, _finalize, _ledger, _numbers, _pending, _situations, _taxes
from billing.internal._compose import BillingTerms, Composition
from billing.internal._drafts import NewInvoice
from billing.internal._situations import Situations
from billing.lines import from_content
from billing.models import Invoice, InvoiceLine, PendingLine
from core import failpoints
from core.actor import Actor
from core.tenancy import ahead
from core.tenancy import writes as tables


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An invoice that is worked out and not written yet."""

    invoice: Invoice
    worked_out: Composition
    taken_up: Sequence[PendingLine]

    @property
    def key(self) -> str:
        return self.invoice.key

    @property
    def invoice_id(self) -> UUID:
        return self.invoice.id

    @property
    def public_id(self) -> str:
        return self.invoice.public_id

    @property
    def giving(self) -> list[UUID]:
        """The redemptions of the coupons that reduce it."""
        given = zip(self.worked_out.coupons, self.worked_out.totals.discounts_minor, strict=True)
        return [held.redemption_id for held, minor in given if minor > 0 and held.redemption_id is not None]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The plain ones of some invoices, in their order, and what was seen when they were worked out."""

    begun: Sequence[Begun]
    seen: Situations


def begin_invoices(invoices: Sequence[NewInvoice], *, now: datetime) -> Batch:
    """This function will work out those of these invoices that are plain, and write nothing.

    Each has the row of its customer, who is locked, and no two have one reference. Whatever is left out is for
    `issue_invoice`, which also makes its refusals.

    :raises InvoiceEmpty, InvoiceNegative: see `compose`.
    """
    seen = _situations.look(invoices, at=now)
    plain = [new for new in invoices if _is_plain(new, seen)]
    begun = [_begun(new, seen, now=now) for new in plain]
    return Batch(begun=[one for one in begun if not one.worked_out.waiting], seen=seen)


def draft_invoices(batch: Batch, *, now: datetime) -> None:
    """This function will write the drafts of invoices that were begun in this transaction.

    :raises CouponSpent: if a coupon has been used up since.
    """
    _write_drafts(batch.begun, now=now)
    _coupons.count_cycles_of([redemption for one in batch.begun for redemption in one.giving])


def issue_invoices(batch: Batch, *, actor: Actor, now: datetime) -> None:
    """This function will number and book invoices that were drafted in this transaction, and ask for their money.

    The numbers follow their order. What `issue_invoice` publishes is published for each.
    """
    invoices = [one.invoice for one in batch.begun]
    # The counter is locked as late as possible: every invoice of the environment passes here, and waits for the commit.
    numbers = _numbers.take_many("invoice", len(invoices), now=now)
    ahead.check()
    for invoice, taken in zip(invoices, numbers, strict=True):
        invoice.finalize(counter_id=taken.counter_id, sequence=taken.sequence, number=taken.number, at=taken.issued_at)
    if __debug__:
        failpoints.reach("billing.invoices_numbered")
    _book(invoices, batch.seen)
    if __debug__:
        failpoints.reach("billing.invoices_booked")
    _say_and_settle(invoices, actor=actor, now=now)
    _collect.request_first_of([one for one in invoices if one.collects and one.due_minor], actor=actor, now=now)


def _is_plain(new: NewInvoice, seen: Situations) -> bool:
    customer = new.customer
    return (
        customer is not None and customer.is_currency_fixed and customer.currency == new.currency
        and new.key not in seen.keys and new.customer_id not in seen.with_wallet
        and not any(line.kind == InvoiceLine.Kind.USAGE for line in new.lines)
    )  # fmt: skip


def _begun(new: NewInvoice, seen: Situations, *, now: datetime) -> Begun:
    invoice, situation = _drafts.head(new, seen.settings, now=now), seen.of(new)
    taken_up = [row for row in seen.waiting.get(new.reference, ()) if row.currency == new.currency]
    terms = BillingTerms(
        currency=new.currency, tax_behavior=TaxBehavior(invoice.tax_behavior),
        taxes=_taxes.rules_of(situation.customer, seen.settings, seen.rates),
        coupons=_coupons.fitting(seen.coupons.get(new.reference, ()), new.currency), carries=bool(new.reference),
    )  # fmt: skip
    lines = [*new.lines, *(from_content(row.content) for row in taken_up)]
    return Begun(invoice=invoice, worked_out=_drafts.fill(invoice, lines, situation, terms), taken_up=taken_up)


def _write_drafts(begun: Iterable[Begun], *, now: datetime) -> None:
    rows = [_drafts.rows_of(one.invoice, one.worked_out) for one in begun]
    below = [row for kind in range(3) for one in rows for row in one[kind]]
    tables.write([*(one.invoice for one in begun), *below])
    _pending.mark_many_taken([(row, one.invoice) for one in begun for row in one.taken_up], now=now)


def _book(invoices: Sequence[Invoice], seen: Situations) -> None:
    """The invoices of a currency are written with their journals."""
    by_currency = sorted(invoices, key=lambda invoice: invoice.currency)
    for currency, found in groupby(by_currency, key=lambda invoice: invoice.currency):
        group = list(found)
        booked = [(_finalize.head_of(invoice), _finalize.entries_of(invoice)) for invoice in group]
        booked = [(head, entries) for head, entries in booked if entries]
        changed = [(invoice, _finalize.FIXED) for invoice in group]
        if booked:
            _ledger.post_many(booked, known=seen.accounts.get(currency), changed=changed)
        else:
            tables.write([], changed)


def _say_and_settle(invoices: Sequence[Invoice], *, actor: Actor, now: datetime) -> None:
    free = [invoice for invoice in invoices if invoice.due_minor == 0]
    for invoice in free:
        invoice.settle_nothing(at=invoice.issued_at or now)
    tables.write([], [(invoice, ("state", "paid_at")) for invoice in free])
    for invoice in invoices:
        _finalize.say_finalized(invoice, actor=actor, now=now)
        if invoice.state == Invoice.State.PAID:
            _finalize.say_paid(invoice, actor=actor, now=invoice.issued_at or now)
