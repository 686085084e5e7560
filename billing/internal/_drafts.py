"""Writing drafts: what an invoice says while it can still change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from accounts import selectors as customers
from accounts.internal import LockedCustomer
from accounts.selectors import CustomerView
from billing.arithmetic import LineTotals, TaxTotal
from billing.internal import _coupons, _pending, _situation, _terms
from billing.internal._compose import BillingTerms, Composition, compose
from billing.internal._situation import Situation
from billing.lines import NewLine
from billing.models import BillingSettings, Invoice, InvoiceDiscount, InvoiceLine, InvoiceTax
from billing.signals import InvoiceDrafted
from core import events, ids, tenancy
from core.actor import Actor
from core.models import Tenant
from core.periods import Period
from core.tenancy import writes as tables
from core.tenancy.rows import ScopedRow


@dataclass(frozen=True, kw_only=True)
class NewInvoice:
    """What is to be billed. `reference` is the public id of the agreement, `key` makes the invoice the only one.

    `coupons` are codes to redeem for this invoice alone; `terms_days` None are the environment's terms. `finalizes_at`
    lets it wait as a draft. `customer` is the customer's row where his lock is held already. With `numbered_last` the
    invoice is written with the next statement, and finalized when the transaction is about to commit.
    """

    customer_id: UUID
    currency: str
    kind: str
    lines: Sequence[NewLine]
    reference: str
    key: str
    collect: bool
    period: Period | None = None
    coupons: Sequence[str] = ()
    terms_days: int | None = None
    notes: str | None = None
    finalizes_at: datetime | None = field(default=None)
    customer: LockedCustomer | None = field(default=None)
    numbered_last: bool = False


def write(new: NewInvoice, seen: Situation, *, actor: Actor, now: datetime) -> Invoice:
    """This function will write a draft in the caller's transaction, whose customer is locked, and redeem its coupons.

    :raises InvoiceEmpty, InvoiceNegative: see `compose`.
    :raises core.errors.Refusal: if a coupon cannot be redeemed.
    """
    invoice = head(new, seen.settings, now=now)
    if new.coupons:
        _coupons.redeem_all(
            new.coupons, customer_id=new.customer_id, reference=invoice.public_id, currency=new.currency, plan=None,
            actor=actor, now=now,
        )  # fmt: skip
        seen = replace(seen, has_coupons=True)
    worked_out = _work_out(invoice, new.lines, seen, at=now)
    write_rows = tables.later if new.numbered_last else tables.write
    write_rows([invoice, *_rows(invoice, worked_out)])
    _pending.carry(invoice, worked_out.waiting, actor=actor, now=now)
    return invoice


def rewrite(invoice: Invoice, lines: Sequence[NewLine], *, actor: Actor, now: datetime) -> None:
    """This function will replace what a locked draft says, with today's taxes and coupons.

    :raises billing.models.InvoiceNotDraft: if it is finalized.
    :raises InvoiceEmpty, InvoiceNegative: see `compose`.
    """
    invoice.refuse_unless_draft()
    for model in (InvoiceLine, InvoiceDiscount, InvoiceTax):
        model.objects.filter(invoice=invoice).delete()
    _pending.forget_carried(invoice)
    customer = customers.get_customer(invoice.customer_id)
    seen = _situation.look(customer, key=invoice.key, reference=invoice.reference, currency=invoice.currency)
    worked_out = _work_out(invoice, lines, replace(seen, has_coupons=True), at=now)
    invoice.save()
    tables.write(_rows(invoice, worked_out))
    _pending.carry(invoice, worked_out.waiting, actor=actor, now=now)


def say_drafted(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """This function will publish that a draft exists."""
    events.publish(
        InvoiceDrafted(
            subject=invoice.public_id, actor=actor.label, at=now, customer=ids.encode("cus", invoice.customer_id),
            reference=invoice.reference, kind=invoice.kind, total_minor=invoice.total_minor,
            currency=invoice.currency, finalizes_at=invoice.finalizes_at,
        )
    )  # fmt: skip


def head(new: NewInvoice, settings: BillingSettings, *, now: datetime) -> Invoice:
    """This function will return the row of a new draft before anything is worked out, unsaved."""
    return Invoice.fresh(
        customer_id=new.customer_id, currency=new.currency, kind=Invoice.Kind(new.kind), reference=new.reference,
        key=new.key, tax_behavior=settings.tax_behavior, created_at=now, collects=new.collect,
        finalizes_at=new.finalizes_at, notes=settings.notes if new.notes is None else new.notes,
        terms_days=settings.terms_days if new.terms_days is None else new.terms_days,
        period_starts_at=new.period.starts_at if new.period else None,
        period_ends_at=new.period.ends_at if new.period else None,
    )  # fmt: skip


def _work_out(invoice: Invoice, lines: Sequence[NewLine], seen: Situation, *, at: datetime) -> Composition:
    """Set everything the row itself says, and return the rest."""
    return fill(invoice, lines, seen, _terms.gather(invoice, seen, at=at))


def fill(invoice: Invoice, lines: Sequence[NewLine], seen: Situation, terms: BillingTerms) -> Composition:
    """This function will work out an unsaved draft, set everything its row says, and return the rest."""
    worked_out = compose(lines, terms)
    totals = worked_out.totals
    invoice.subtotal_minor, invoice.discount_minor = totals.subtotal_minor, totals.discount_minor
    invoice.tax_minor, invoice.total_minor = totals.tax_minor, totals.total_minor
    invoice.due_minor = totals.total_minor
    invoice.customer_snapshot, invoice.issuer_snapshot = _customer(seen.customer), _issuer(seen)
    return worked_out


def _rows(invoice: Invoice, worked_out: Composition) -> list[ScopedRow]:
    lines, discounts, taxes = rows_of(invoice, worked_out)
    return [*lines, *discounts, *taxes]


def rows_of(
    invoice: Invoice, worked_out: Composition
) -> tuple[list[InvoiceLine], list[InvoiceDiscount], list[InvoiceTax]]:
    """This function will return the rows below a draft's own, unsaved."""
    totals = worked_out.totals
    shares = _line_taxes(totals.taxes)
    pairs = zip(worked_out.lines, totals.lines, strict=True)
    lines = [_line(invoice, at, new, shown, shares.get(shown.id, [])) for at, (new, shown) in enumerate(pairs, start=1)]
    taxes = [_tax(invoice, at, one, worked_out) for at, one in enumerate(totals.taxes, start=1)]
    return lines, list(_discounts(invoice, worked_out)), taxes


def _discounts(invoice: Invoice, worked_out: Composition) -> Iterator[InvoiceDiscount]:
    given = zip(worked_out.coupons, worked_out.totals.discounts_minor, strict=True)
    for position, (held, amount_minor) in enumerate(given, start=1):
        # Only a coupon that is being looked at has no redemption, and that is not on a draft.
        if held.redemption_id is not None:
            yield InvoiceDiscount.fresh(
                invoice_id=invoice.pk, position=position, redemption_id=held.redemption_id,
                description=held.description, amount_minor=amount_minor, currency=invoice.currency,
            )  # fmt: skip


def _line(
    invoice: Invoice, position: int, new: NewLine, shown: LineTotals, taxes: list[dict[str, object]]
) -> InvoiceLine:
    return InvoiceLine.fresh(
        invoice_id=invoice.pk, position=position, kind=InvoiceLine.Kind(new.kind), description=new.description,
        quantity=new.quantity, unit_amount=new.unit_amount, currency=invoice.currency,
        amount_minor=shown.amount_minor, discount_minor=shown.discount_minor, tax_minor=shown.tax_minor,
        total_minor=shown.gross_minor, price=new.price, plan=new.plan, tax_code=new.tax_code, taxes=taxes,
        basis=new.basis.to_json() if new.basis else None, steps=[dict(step) for step in new.steps],
        period_starts_at=new.period_starts_at, period_ends_at=new.period_ends_at,
    )  # fmt: skip


def _tax(invoice: Invoice, position: int, total: TaxTotal, worked_out: Composition) -> InvoiceTax:
    known = worked_out.taxes[total.code]
    return InvoiceTax.fresh(
        invoice_id=invoice.pk, position=position, code=known.code, name=known.name, country=known.country,
        percentage=known.percentage, is_reverse_charge=known.is_reverse_charge, base_minor=total.base_minor,
        tax_minor=total.tax_minor, currency=invoice.currency,
    )  # fmt: skip


def _line_taxes(taxes: Sequence[TaxTotal]) -> dict[str, list[dict[str, object]]]:
    """Each rate's part of each line, as it is kept on the line."""
    found: dict[str, list[dict[str, object]]] = {}
    for tax in taxes:
        for line_id, minor in tax.lines:
            found.setdefault(line_id, []).append({"code": tax.code, "tax_minor": minor})
    return found


def _customer(known: CustomerView) -> dict[str, object]:
    """The customer as he is now: what is printed on the invoice does not follow him when he moves."""
    return {
        "id": known.public_id, "external_ref": known.external_ref, "name": known.name, "email": known.email,
        "country": known.country, "timezone": known.timezone, "address": dict(known.address),
        "tax_ids": [dict(one) for one in known.tax_ids],
    }  # fmt: skip


def _issuer(seen: Situation) -> dict[str, object]:
    settings, tenant = seen.settings, ids.encode(Tenant.prefix, tenancy.require().tenant_id)
    return {
        "id": tenant, "name": settings.company_name or seen.tenant_name, "address": settings.address,
        "country": settings.country, "tax_ids": settings.tax_ids, "logo": settings.logo, "footer": settings.footer,
        "payment_url": settings.payment_url, "locale": settings.locale,
    }  # fmt: skip
