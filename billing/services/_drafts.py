"""What somebody may ask for about invoices that are not finalized: one-off ones are made, changed and thrown away."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import selectors as customers
from billing import coupons as codes
from billing import internal, selectors
from billing.internal import _coupons, _drafts, _invoices, _issue, _items
from billing.internal._drafts import NewInvoice
from billing.internal._items import Item
from billing.models import Invoice
from billing.selectors import InvoiceView
from billing.services import _keys
from billing.services._quotes import CurrencyNeeded
from billing.services._settings import LONGEST_TERMS_DAYS
from billing.signals import InvoiceDraftChanged, InvoiceDraftDeleted
from core import errors, events, ids
from core.actor import Actor
from jobs import services as jobs


class InvoiceOfAgreement(errors.Conflict):
    code = "invoice_of_agreement"
    title = "What an agreement is billed for is not changed by hand; finalize the draft and credit it instead."


class InvoiceKeyReused(errors.Conflict):
    code = "invoice_key_reused"
    title = "The key has made an invoice of another customer."


class TermsInvalid(errors.Invalid):
    code = "terms_invalid"
    title = f"Payment terms are from 0 to {LONGEST_TERMS_DAYS} days."


@transaction.atomic
def create_invoice(
    *,
    customer_id: UUID,
    items: Sequence[Item],
    key: str,
    actor: Actor,
    now: datetime,
    currency: str | None = None,
    coupons: Sequence[str] = (),
    notes: str | None = None,
    terms_days: int | None = None,
    collect: bool = False,
    finalize: bool = True,
) -> InvoiceView:
    """Bill a customer for things that belong to no agreement: prices, add-ons, plans, or amounts of their own.

    `currency` is the customer's unless given; `notes` and `terms_days` are the environment's. `coupons` are codes to be
    redeemed for this invoice. With `collect` what is due is asked for at finalization; without `finalize` it stays a
    draft. This function will return the invoice, the one that the actor's `key` has made if there is one.

    :raises core.errors.NotFound: if the environment has no such customer.
    :raises CurrencyNeeded, accounts.services.CurrencyMismatch: if the currency is not clear or another than his.
    :raises TermsInvalid: for terms that are none.
    :raises billing.internal.InvoiceEmpty: without items.
    :raises InvoiceKeyReused: if the key has made another customer's invoice.
    :raises core.errors.Refusal: for items and coupons that cannot be billed; see `quote_invoice`.
    """
    _check_terms(terms_days)
    new = NewInvoice(
        customer_id=customer_id, currency=_currency(customer_id, currency), kind=Invoice.Kind.ONE_OFF, lines=(),
        reference="", key=_keys.of_request(actor, key), collect=collect, coupons=coupons, terms_days=terms_days,
        notes=notes,
    )  # fmt: skip
    seen = _issue.begin(new)
    if seen.invoice_id is not None:
        return _the_same(Invoice.objects.get(pk=seen.invoice_id), customer_id)
    new = replace(new, lines=_items.lines_of(items, new.currency))
    invoice = _issue.draft(new, seen, actor=actor, now=now)
    if finalize:
        _issue.finalize(invoice, actor=actor, now=now)
    else:
        _drafts.say_drafted(invoice, actor=actor, now=now)
    return selectors.view(invoice)


@transaction.atomic
def update_invoice(*, invoice_id: UUID, changes: Mapping[str, Any], actor: Actor, now: datetime) -> InvoiceView:
    """Change a draft: its `notes`, `terms_days` and `collect`, and of a one-off invoice its `items` and `coupons`.

    This function will return the draft, written again with today's taxes if its items or coupons change.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotDraft: if it is finalized.
    :raises InvoiceOfAgreement: if the items or coupons of an agreement's draft are to change.
    :raises TermsInvalid: for terms that are none.
    :raises core.errors.Refusal: for items and coupons that cannot be billed; see `quote_invoice`.
    """
    invoice = _invoices.locked(invoice_id)
    invoice.refuse_unless_draft()
    if not changes:
        return selectors.view(invoice)
    _check_terms(changes.get("terms_days"))
    _note(invoice, changes)
    if "items" in changes or "coupons" in changes:
        _rewrite(invoice, changes, actor=actor, now=now)
    events.publish(
        InvoiceDraftChanged(
            **_envelope(invoice, actor, now), total_minor=invoice.total_minor, currency=invoice.currency
        )
    )
    return selectors.view(invoice)


@transaction.atomic
def delete_invoice(*, invoice_id: UUID, actor: Actor, now: datetime) -> None:
    """This function will throw a draft of a one-off invoice away and give its coupons back.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotDraft: if it is finalized.
    :raises InvoiceOfAgreement: if it bills an agreement.
    """
    invoice = _invoices.locked(invoice_id)
    invoice.refuse_unless_draft()
    _refuse_of_agreement(invoice)
    told = _envelope(invoice, actor, now)
    jobs.cancel_schedules_of(told["subject"], reason="The draft was thrown away.", actor=actor, now=now)
    invoice.delete()
    _coupons.release(told["subject"], actor=actor, now=now)
    events.publish(InvoiceDraftDeleted(**told))


@transaction.atomic
def finalize_invoice(*, invoice_id: UUID, actor: Actor, now: datetime) -> InvoiceView:
    """Finalize a draft as of now, also before its grace period is over: from then on only credit notes correct it.

    This function will return the numbered invoice; what is due is asked for if it is to be collected.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.models.InvoiceNotDraft: if it is finalized already.
    :raises billing.internal.InvoiceNegative: if its credits exceed its charges and cannot wait.
    :raises billing.internal.CouponSpent: if a coupon of the draft has been used up or given back since.
    """
    return internal.finalize_draft(invoice_id, actor=actor, now=now)


def _currency(customer_id: UUID, asked: str | None) -> str:
    currency = asked or customers.get_customer(customer_id).currency
    if currency is None:
        raise CurrencyNeeded
    return currency


def _the_same(invoice: Invoice, customer_id: UUID) -> InvoiceView:
    if invoice.customer_id != customer_id:
        raise InvoiceKeyReused(invoice=invoice.public_id)
    return selectors.view(invoice)


def _check_terms(days: int | None) -> None:
    if days is not None and not 0 <= days <= LONGEST_TERMS_DAYS:
        raise TermsInvalid


def _note(invoice: Invoice, changes: Mapping[str, Any]) -> None:
    invoice.notes = changes.get("notes", invoice.notes)
    invoice.terms_days = changes.get("terms_days", invoice.terms_days)
    invoice.collects = changes.get("collect", invoice.collects)
    invoice.save(update_fields=["notes", "terms_days", "collects"])


def _rewrite(invoice: Invoice, changes: Mapping[str, Any], *, actor: Actor, now: datetime) -> None:
    _refuse_of_agreement(invoice)
    if "coupons" in changes:
        _exchange_coupons(invoice, changes["coupons"], actor=actor, now=now)
    if "items" in changes:
        lines = _items.lines_of(changes["items"], invoice.currency)
    else:
        lines = [row.as_line() for row in invoice.lines.order_by("position")]
    _drafts.rewrite(invoice, lines, actor=actor, now=now)


def _exchange_coupons(invoice: Invoice, wanted: Sequence[str], *, actor: Actor, now: datetime) -> None:
    held = _coupons.held_for(invoice.public_id, currency=invoice.currency, at=now)
    if [one.code for one in held] == [codes.canonical(code) for code in wanted]:
        return
    _coupons.release(invoice.public_id, actor=actor, now=now)
    _coupons.redeem_all(
        wanted, customer_id=invoice.customer_id, reference=invoice.public_id, currency=invoice.currency, plan=None,
        actor=actor, now=now,
    )  # fmt: skip


def _refuse_of_agreement(invoice: Invoice) -> None:
    if invoice.reference or invoice.kind != Invoice.Kind.ONE_OFF:
        raise InvoiceOfAgreement(reference=invoice.reference)


def _envelope(invoice: Invoice, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "subject": invoice.public_id, "actor": actor.label, "at": now, "reference": invoice.reference,
        "customer": ids.encode("cus", invoice.customer_id),
    }  # fmt: skip
