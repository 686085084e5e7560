"""Issuing credit notes: what is taken back of an invoice, numbered and booked, and where it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import crediting
from billing.crediting import Creditable, CreditExceedsInvoice, Share
from billing.internal import _credit_settlement, _finalize, _numbers
from billing.internal._credit_settlement import Settled
from billing.internal._invoices import locked
from billing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from billing.signals import CreditNoteIssued
from core import errors, events, ids, problems
from core.actor import Actor


class InvoiceNotCreditable(errors.Conflict):
    code = "invoice_not_creditable"
    title = "Nothing can be credited on a draft or a void invoice, nor on value that is in somebody's hands."


class CreditNoteUnclear(errors.Invalid):
    code = "credit_note_unclear"
    title = "A credit note names an amount or distinct lines of its invoice, or neither, which is all that is left."


class CreditNoteKeyReused(errors.Conflict):
    code = "credit_note_key_reused"
    title = "The key has made a credit note about another invoice."


problems.constraint("billing_creditnote_within_invoice", CreditExceedsInvoice)
problems.constraint("billing_creditnoteline_within_line", CreditExceedsInvoice)
problems.constraint("billing_creditnote_of_final_invoice", InvoiceNotCreditable)


@dataclass(frozen=True, kw_only=True)
class NewCreditNote:
    """What is to be taken back: `lines` with an amount of each, tax included, or None for the rest of it; or
    `amount_minor` over all lines; or, with neither, all that is left. `settle` says where goes what is beyond the
    amount due: `refund`, `wallet`, `out_of_band`, or by itself when empty. `key` makes the note the only one.
    """

    invoice_id: UUID
    key: str
    reason: str
    memo: str = ""
    lines: Sequence[tuple[UUID, int | None]] | None = None
    amount_minor: int | None = None
    settle: str = ""


@transaction.atomic
def issue_credit_note(new: NewCreditNote, *, actor: Actor, now: datetime) -> CreditNote:
    """This function will issue a credit note and return it; the one of `key` if there is one already.

    It takes off what is due first; the rest is refunded from the invoice's payments, the last one first, or put into
    the wallet where there is no such payment, unless `settle` says otherwise.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises InvoiceNotCreditable: for a draft or void invoice, a paid top-up, and a gift that somebody has or may get.
    :raises CreditNoteUnclear: for lines and an amount, no line, the same line twice, or a line of another invoice.
    :raises CreditExceedsInvoice: if less is left.
    :raises payments.services.NothingToRefund: if more is to be refunded than was paid and not refunded.
    :raises CreditNoteKeyReused: if the key has credited another invoice.
    """
    invoice = locked(new.invoice_id)
    earlier = CreditNote.objects.filter(key=new.key).first()
    if earlier is not None:
        return _the_same(earlier, new)
    if invoice.state in (Invoice.State.DRAFT, Invoice.State.VOID):
        raise InvoiceNotCreditable(state=invoice.state)
    rows = list(invoice.lines.order_by("position"))
    shares = _shares(rows, new)
    total = sum(share.gross_minor for share in shares.values())
    _refuse_value_in_use(invoice, total)
    settled = _credit_settlement.divide(invoice, total, new.settle)
    note = _write(invoice, rows, shares, settled, new, now=now)
    _say_issued(note, invoice, actor=actor, now=now)
    _credit_settlement.carry_out(note, invoice, settled, actor=actor, now=now)
    return note


def _the_same(note: CreditNote, new: NewCreditNote) -> CreditNote:
    if note.invoice_id != new.invoice_id:
        raise CreditNoteKeyReused(credit_note=note.public_id)
    return note


def _shares(rows: Sequence[InvoiceLine], new: NewCreditNote) -> Mapping[str, Share]:
    """What is taken back of each line, by the line's id."""
    lines = creditable(rows)
    if new.lines is None:
        return (
            crediting.of_everything(lines) if new.amount_minor is None else crediting.of_amount(lines, new.amount_minor)
        )
    wanted = {str(line_id): amount for line_id, amount in new.lines}
    if new.amount_minor is not None or not wanted or len(wanted) < len(new.lines):
        raise CreditNoteUnclear
    if not wanted.keys() <= {line.id for line in lines}:
        raise CreditNoteUnclear
    return crediting.of_lines(lines, wanted)


def creditable(rows: Sequence[InvoiceLine]) -> list[Creditable]:
    """This function will return an invoice's lines with what earlier notes took back, which its lock keeps as it is."""
    credited: dict[UUID, Share] = {}
    for row in CreditNoteLine.objects.filter(invoice_line__in=rows):
        part = Share(net_minor=row.amount_minor, tax_minor=row.tax_minor, taxes=_by_code(row.taxes))
        credited[row.invoice_line_id] = credited.get(row.invoice_line_id, Share()) + part
    return [
        Creditable(id=str(row.id), whole=_whole(row), credited=credited.get(row.id, Share())) for row in rows
    ]  # fmt: skip


def _whole(row: InvoiceLine) -> Share:
    return Share(net_minor=row.total_minor - row.tax_minor, tax_minor=row.tax_minor, taxes=_by_code(row.taxes))


def _by_code(taxes: Sequence[Mapping[str, object]]) -> dict[str, int]:
    return {str(tax["code"]): int(str(tax["tax_minor"])) for tax in taxes}


def _refuse_value_in_use(invoice: Invoice, total_minor: int) -> None:
    """A paid top-up lies in the wallet, and a gift may be in somebody's hands: the one goes back through the wallet,
    the other by canceling the gift. What nobody has paid for yet can be taken back: of a gift only the whole.
    """
    is_within_due = invoice.is_settleable and total_minor <= invoice.due_minor
    if invoice.kind == Invoice.Kind.TOP_UP and not is_within_due:
        raise InvoiceNotCreditable(state=invoice.state, kind=invoice.kind)
    if invoice.kind == Invoice.Kind.GIFT and not (is_within_due and total_minor == invoice.total_minor):
        raise InvoiceNotCreditable(state=invoice.state, kind=invoice.kind)


def _write(
    invoice: Invoice,
    rows: Sequence[InvoiceLine],
    shares: Mapping[str, Share],
    settled: Settled,
    new: NewCreditNote,
    *,
    now: datetime,
) -> CreditNote:
    whole = sum(shares.values(), Share())
    taken = _numbers.take("credit_note", now=now)
    note = CreditNote.objects.create(
        invoice=invoice, customer_id=invoice.customer_id, key=new.key, counter_id=taken.counter_id,
        sequence=taken.sequence, number=taken.number, currency=invoice.currency, reason=new.reason, memo=new.memo,
        subtotal_minor=whole.net_minor, tax_minor=whole.tax_minor, total_minor=whole.gross_minor,
        due_minor=settled.due_minor, refund_minor=settled.refund_minor, wallet_minor=settled.wallet_minor,
        out_of_band_minor=settled.out_of_band_minor, issuer_snapshot=invoice.issuer_snapshot,
        customer_snapshot=invoice.customer_snapshot, issued_at=taken.issued_at,
    )  # fmt: skip
    credited = [(row, shares[str(row.id)]) for row in rows if str(row.id) in shares]
    CreditNoteLine.objects.bulk_create(
        _line(note, at, row, share) for at, (row, share) in enumerate(credited, start=1)
    )  # fmt: skip
    return note


def _line(note: CreditNote, position: int, row: InvoiceLine, share: Share) -> CreditNoteLine:
    return CreditNoteLine(
        credit_note=note, invoice_line=row, position=position, description=row.description, currency=note.currency,
        amount_minor=share.net_minor, tax_minor=share.tax_minor, total_minor=share.gross_minor,
        taxes=[{"code": code, "tax_minor": minor} for code, minor in share.taxes.items()],
    )  # fmt: skip


def _say_issued(note: CreditNote, invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    events.publish(
        CreditNoteIssued(
            subject=note.public_id, actor=actor.label, at=now, customer=_finalize.customer_of(invoice),
            invoice=ids.encode("inv", invoice.id), reference=invoice.reference, kind=invoice.kind, number=note.number,
            reason=note.reason, total_minor=note.total_minor, tax_minor=note.tax_minor, due_minor=note.due_minor,
            refund_minor=note.refund_minor, wallet_minor=note.wallet_minor,
            out_of_band_minor=note.out_of_band_minor, currency=note.currency,
        )
    )  # fmt: skip
