"""Usage that came after its invoice was finalized: it waits for the agreement's next one, and rewrites nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.internal import lock_customer
from billing.internal import _pending, _rating
from billing.lines import NewLine
from billing.models import Invoice, InvoiceLine, PendingLine
from catalog.selectors import PriceTerms
from core.periods import Period

# Events are taken for so long after they happened; what is older cannot come any more.
LOOKED_BACK: Final = timedelta(days=35)
_LONGEST_KEY: Final = 190


@dataclass(frozen=True, kw_only=True)
class Window:
    """A period in which a usage price was in force. Without usage it made no line, so nothing else remembers it."""

    terms: PriceTerms
    period: Period
    description: str


@transaction.atomic
def adjust_late_usage(reference: str, *, now: datetime, windows: Sequence[Window] = ()) -> int:
    """Measure the usage lines of an agreement's recent invoices again, and let the differences wait.

    This function will return how many lines wait for its next invoice now because of it. `windows` that ended within
    the last 35 days and of which no invoice has a line are measured, too. What was found before is not found again;
    nothing happens to what is finalized. What would have been discounted then is discounted as the next invoice is.
    """
    customer_id = Invoice.objects.about(reference).values_list("customer_id", flat=True).first() if reference else None
    if customer_id is None:
        return 0
    lock_customer(customer_id)
    found = 0
    for row in _recent(reference, now):
        found += _adjust(row, customer_id, now)
    for window in windows:
        if window.period.ends_at > now - LOOKED_BACK:
            found += _bill_missed(window, reference, customer_id, now)
    return found


def _bill_missed(window: Window, reference: str, customer_id: UUID, now: datetime) -> int:
    """What came after a window in which nothing had been used is a line of its own.

    The meter decides whether something was billed of it, not the price: another version may have had another one.
    """
    meter_id = str(window.terms.meter_id)
    key = f"missed:{reference}:{meter_id}:{window.period.starts_at.isoformat()}:{window.terms.name}"[:_LONGEST_KEY]
    overlapping = {"period_starts_at__lt": window.period.ends_at, "period_ends_at__gt": window.period.starts_at}
    billed = InvoiceLine.objects.filter(invoice__reference=reference, basis__meter_id=meter_id, **overlapping)
    if billed.exists() or PendingLine.objects.filter(key=f"{key}:1").exists():
        return 0
    description = f"{window.description} (late usage)"[:500]
    line = _rating.usage_line(
        window.terms, customer_id=customer_id, window=window.period, description=description, now=now
    )
    if not line.amount_minor:
        return 0
    currency = window.terms.currency
    _pending.add_pending([line], customer_id=customer_id, reference=reference, currency=currency, key=key, now=now)
    return 1


def _recent(reference: str, now: datetime) -> Iterator[InvoiceLine]:
    """The lines of finalized invoices that were measured; of a void one nothing is billed, so nothing is missing."""
    rows = InvoiceLine.objects.filter(invoice__reference=reference, invoice__issued_at__gt=now - LOOKED_BACK)
    measured = rows.exclude(invoice__state=Invoice.State.VOID).filter(basis__measured_at__isnull=False)
    return measured.exclude(basis__measured_at=None).select_related("invoice").order_by("id").iterator()


def _adjust(row: InvoiceLine, customer_id: UUID, now: datetime) -> int:
    fresh = _rating.rated_again(row, customer_id=customer_id, now=now)
    key = f"late:{row.public_id}:"
    found = list(PendingLine.objects.filter(key__startswith=key).values_list("amount_minor", "invoice__state"))
    # What a void invoice had taken up was billed to nobody.
    billed = sum(minor for minor, state in found if state != Invoice.State.VOID)
    missing = fresh.amount_minor - row.amount_minor - billed
    if not missing:
        return 0
    _pending.add_pending(
        [_late(fresh, missing)], customer_id=customer_id, reference=row.invoice.reference,
        currency=row.currency, key=f"{key}{len(found) + 1}", now=now,
    )  # fmt: skip
    return 1


def _late(fresh: NewLine, missing_minor: int) -> NewLine:
    """A difference has an amount of its own: it is no longer what one window comes to."""
    return replace(
        fresh, description=f"{fresh.description} (late usage)"[:500], amount_minor=missing_minor, quantity=Decimal(1),
        unit_amount=None, basis=None, steps=(),
    )  # fmt: skip
