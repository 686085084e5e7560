"""Taking back the unused rest of what an agreement was charged with, on the invoices that charged it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from billing import crediting
from billing.crediting import Creditable
from billing.internal import _credit_notes, _grace
from billing.internal._credit_notes import NewCreditNote
from billing.lines import NewLine, from_content
from billing.models import CreditNote, Invoice, InvoiceLine, PendingLine
from core.actor import Actor
from core.money import round_half_up
from core.periods import Period

MEMO = "Unused time"


@dataclass(frozen=True, kw_only=True)
class Unused:
    """What is to be taken back: minor units by price (public id) of what was charged in `period`, and parts of whole
    invoices by their ids. `settle` is where it goes, as of a credit note; `key` makes each note the only one.
    """

    reference: str
    period: Period
    key: str
    amounts: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[UUID, Fraction] = field(default_factory=dict)
    settle: str = ""


@transaction.atomic
def credit_unused(unused: Unused, *, actor: Actor, now: datetime) -> tuple[CreditNote, ...]:
    """This function will credit what is unused on finalized invoices, the last ones first, and return the notes.

    Of each price it takes back what its lines have left; what they cannot give is taken back of the others of the
    period. Drafts are finalized first. Never more is credited than is left of an invoice.
    """
    _finalize_drafts(unused.reference, actor=actor, now=now)
    wanted = _of_prices(unused) | _of_invoices(unused)
    return tuple(
        _credit_notes.issue_credit_note(
            NewCreditNote(
                invoice_id=invoice_id, key=f"{unused.key}:{invoice_id}", reason=CreditNote.Reason.ORDER_CHANGE,
                memo=MEMO, lines=lines, settle=unused.settle,
            ), actor=actor, now=now,
        )
        for invoice_id, lines in sorted(wanted.items())
    )  # fmt: skip


def take_back_waiting(reference: str, *, currency: str) -> list[NewLine]:
    """This function will take the lines out of the queue that wait for an agreement's next invoice, and return them."""
    rows = PendingLine.objects.about(reference).waiting().filter(currency=currency).select_for_update().order_by("id")
    lines = [from_content(row.content) for row in rows]
    PendingLine.objects.about(reference).waiting().filter(currency=currency).delete()
    return lines


def _finalize_drafts(reference: str, *, actor: Actor, now: datetime) -> None:
    drafts = Invoice.objects.filter(reference=reference, state=Invoice.State.DRAFT).order_by("id")
    for invoice_id in drafts.values_list("id", flat=True):
        _grace.finalize_draft(invoice_id, actor=actor, now=now)


def _of_prices(unused: Unused) -> dict[UUID, list[tuple[UUID, int | None]]]:
    """First the lines of each price itself, then those of others, for what their invoices cannot give alone."""
    left = dict(unused.amounts)
    rows = _charged(unused)
    purses = {row.invoice_id: _Purse(row.invoice_id) for row in rows}
    for row in rows:
        price = row.price or ""
        left[price] = left.get(price, 0) - purses[row.invoice_id].take(row, left.get(price, 0))
    rest = sum(left.values())
    for row in rows:
        rest -= purses[row.invoice_id].take(row, rest)
    return {invoice_id: found for invoice_id, purse in purses.items() if (found := purse.wanted())}


def _charged(unused: Unused) -> list[InvoiceLine]:
    if not any(unused.amounts.values()):
        return []
    rows: QuerySet[InvoiceLine] = InvoiceLine.objects.filter(
        invoice__reference=unused.reference, invoice__state__in=(Invoice.State.OPEN, Invoice.State.PAID)
    )
    within = Q(period_starts_at__gte=unused.period.starts_at, period_ends_at__lte=unused.period.ends_at)
    found = rows.filter(within, amount_minor__gt=0, price__isnull=False, basis__measured_at=None)
    return list(found.select_related("invoice").order_by("-invoice_id", "-position"))


def _of_invoices(unused: Unused) -> dict[UUID, list[tuple[UUID, int | None]]]:
    found = {}
    for invoice_id, share in unused.shares.items():
        purse = _Purse(invoice_id)
        rows = InvoiceLine.objects.filter(invoice_id=invoice_id, amount_minor__gt=0).select_related("invoice")
        if purse.is_creditable:
            for row in rows.order_by("position"):
                purse.take(row, round_half_up(purse.whole(row) * share))
        if purse.wanted():
            found[invoice_id] = purse.wanted()
    return found


class _Purse:
    """What one invoice still has to give, and what is taken of its lines. Amounts are as lines show them: without tax,
    or with it where prices include it.
    """

    def __init__(self, invoice_id: UUID) -> None:
        self.invoice = Invoice.objects.get(pk=invoice_id)
        rows: Sequence[InvoiceLine] = list(self.invoice.lines.order_by("position"))
        self.lines: dict[str, Creditable] = {line.id: line for line in _credit_notes.creditable(rows)}
        self.left_minor = crediting.left_minor(list(self.lines.values()))
        self.taken: dict[UUID, tuple[int, int]] = {}

    @property
    def is_creditable(self) -> bool:
        return self.invoice.state in (Invoice.State.OPEN, Invoice.State.PAID)

    def whole(self, row: InvoiceLine) -> int:
        """This function will return what a line came to, after discounts."""
        return self._shown(self.lines[str(row.pk)].whole)

    def take(self, row: InvoiceLine, minor: int) -> int:
        """This function will take up to so much of a line and return how much that is."""
        line = self.lines[str(row.pk)]
        shown, gross = self.taken.get(row.pk, (0, 0))
        minor = min(minor, self._shown(line.whole) - self._shown(line.credited) - shown)
        if minor <= 0:
            return 0
        more = min(self._gross(line, shown + minor) - gross, self.left_minor)
        if more <= 0:
            return 0
        got = self._shown(crediting.part(line, gross + more)) - shown
        self.taken[row.pk], self.left_minor = (shown + got, gross + more), self.left_minor - more
        return got

    def wanted(self) -> list[tuple[UUID, int | None]]:
        """This function will return what is taken of which line, tax included."""
        return [(line_id, gross) for line_id, (_, gross) in self.taken.items() if gross]

    def _shown(self, share: crediting.Share) -> int:
        return share.gross_minor if self.invoice.tax_behavior == "inclusive" else share.net_minor

    def _gross(self, line: Creditable, minor: int) -> int:
        """The least amount with tax whose part that is shown is at least so much."""
        if self._shown(line.whole) <= 0:
            return 0
        about = round_half_up(Fraction(line.whole.gross_minor * minor, self._shown(line.whole)))
        tried = range(max(1, about - 2), min(line.left_minor, about + 2) + 1)
        return next((one for one in tried if self._shown(crediting.part(line, one)) >= minor), line.left_minor)
