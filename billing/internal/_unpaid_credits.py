"""Credits that wait for the next invoice, of what nobody pays for.

They were given while it was owed. When that is void, credited wholly or written off, no more stays credited of a price
than is charged for it besides: nobody gets money back that he never gave.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Max, Min

from billing.internal._pending import add_pending, carried_by_drafts
from billing.lines import NewLine, from_content, postponed
from billing.models import Invoice, InvoiceLine, PendingLine
from billing.selectors import list_paid
from core.periods import Period


def take_back_unpaid(invoice: Invoice, *, now: datetime) -> None:
    """This function will take back waiting credits of what a locked invoice charged that is void or credited wholly."""
    if invoice.reference:
        _take_back(invoice, now=now)


def withhold_unpaid(invoice: Invoice, *, now: datetime) -> None:
    """This function will withhold waiting credits of what a locked invoice charged that is written off."""
    if invoice.reference:
        _add(_take_back(invoice, now=now), invoice, reference=invoice.public_id, key="withheld", now=now)


def release_withheld(invoice: Invoice) -> None:
    """This function will let the credits count again that were withheld until a locked invoice is paid."""
    PendingLine.objects.about(invoice.public_id).waiting().update(reference=invoice.reference)


def _take_back(invoice: Invoice, *, now: datetime) -> list[NewLine]:
    """Take what is too much, the last credits first, and return it."""
    taken: list[NewLine] = []
    for row, line in _credits(invoice):
        excess = _excess(invoice, line)
        if excess > 0:
            left, gone = postponed([line], excess)
            _add(left, invoice, reference=invoice.reference, key=f"left:{row.public_id}", now=now)
            row.delete()
            taken += gone
    return taken


def _add(lines: Sequence[NewLine], invoice: Invoice, *, reference: str, key: str, now: datetime) -> None:
    if lines:
        add_pending(
            lines, customer_id=invoice.customer_id, reference=reference, currency=invoice.currency,
            key=f"{key}:{invoice.public_id}", now=now,
        )  # fmt: skip


def _credits(invoice: Invoice) -> Iterator[tuple[PendingLine, NewLine]]:
    """The waiting credits of the prices that an invoice charged; what a draft carries is decided with the draft."""
    rows = PendingLine.objects.about(invoice.reference).waiting().filter(currency=invoice.currency, amount_minor__lt=0)
    waiting = list(rows.select_for_update().order_by("-id"))
    if not waiting:
        return
    charged = set(invoice.lines.filter(amount_minor__gt=0, price__isnull=False).values_list("price", flat=True))
    drafted = carried_by_drafts(invoice.reference)
    for row in waiting:
        line = from_content(row.content)
        if line.price in charged and not row.key.startswith(drafted):
            yield row, line


def _excess(invoice: Invoice, credit: NewLine) -> int:
    """By how much more is credited than charged of a price, in the period that a credit is about."""
    starts, ends, price = credit.period_starts_at, credit.period_ends_at, credit.price
    if starts is None or ends is None or price is None:
        return 0
    charged = InvoiceLine.objects.filter(
        invoice__reference=invoice.reference, price=price, amount_minor__gt=0, period_starts_at__lt=ends,
        period_ends_at__gt=starts,
    )  # fmt: skip
    span = charged.aggregate(starts=Min("period_starts_at"), ends=Max("period_ends_at"))
    if span["starts"] is None:
        return 0
    period = Period(min(span["starts"], starts), max(span["ends"], ends))
    sums = list_paid({invoice.reference: period}, {price})[invoice.reference, price]
    return sums.credited_minor - sums.paid_minor - sums.owed_minor
