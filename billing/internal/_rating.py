"""Pricing a line, and pricing it again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from billing.lines import Basis, NewLine, Step
from billing.models import InvoiceLine
from catalog import selectors as catalog
from catalog.selectors import PriceTerms, Rating
from core.money import round_half_up
from core.periods import Period
from usage import selectors as usage


def priced_line(
    terms: PriceTerms,
    basis: Basis,
    *,
    description: str,
    kind: str = "fixed",
    period: Period | None = None,
    event_values: Sequence[Decimal] = (),
) -> NewLine:
    """This function will return the line of what a basis comes to at its price.

    `period` is the span shown on the line. `event_values` are the values of the events in order, in major units, where
    the price asks for them.

    :raises catalog.pricing.NegativeQuantity: the quantity or an event's value is negative.
    """
    rating = terms.rate(basis.quantity, event_values)
    return NewLine(
        description=description, quantity=_shown(terms, basis), unit_amount=terms.unit_amount,
        amount_minor=amount_of(basis, rating.amount_minor), price=terms.public_id, plan=terms.plan_public_id,
        tax_code=terms.tax_code, period_starts_at=period.starts_at if period else None,
        period_ends_at=period.ends_at if period else None, kind=kind, basis=basis, steps=_steps(rating),
    )  # fmt: skip


def amount_of(basis: Basis, rated_minor: int) -> int:
    """This function will return a line's signed amount, given what its quantity costs for one whole period."""
    amount = round_half_up(rated_minor * basis.times * basis.share)
    return basis.sign * (amount if basis.cap_minor is None else min(amount, basis.cap_minor))


def usage_line(terms: PriceTerms, *, customer_id: UUID, window: Period, description: str, now: datetime) -> NewLine:
    """This function will measure a usage price's meter in a window and return the line of what was used.

    :raises ValueError: if the price has no meter.
    """
    if terms.meter_id is None:
        raise ValueError(f"{terms.public_id} has no meter")
    where = {"meter_id": terms.meter_id, "customer_id": customer_id}
    measured = usage.measure(**where, starts_at=window.starts_at, ends_at=window.ends_at)
    values = usage.list_event_values(**where, period=window, received_by=now) if terms.needs_event_values else ()
    basis = _measured_basis(terms, window, at=now, measured=measured)
    return priced_line(terms, basis, description=description, kind="usage", period=window, event_values=values)


def rated_again(row: InvoiceLine, *, customer_id: UUID, now: datetime) -> NewLine:
    """This function will return a line of an invoice priced anew: usage is measured again, the rest computed again.

    A line with an amount of its own comes back as it is.
    """
    line = row.as_line()
    if line.basis is None:
        return line
    terms = catalog.get_price(line.basis.price_id)
    if terms.meter_id is not None and line.basis.starts_at and line.basis.ends_at:
        window = Period(line.basis.starts_at, line.basis.ends_at)
        fresh = usage_line(terms, customer_id=customer_id, window=window, description=line.description, now=now)
        return replace(fresh, kind=line.kind)
    shown = (
        Period(line.period_starts_at, line.period_ends_at) if line.period_starts_at and line.period_ends_at else None
    )
    return priced_line(terms, line.basis, description=line.description, kind=line.kind, period=shown)


def _measured_basis(terms: PriceTerms, window: Period, *, at: datetime, measured: usage.Measurement) -> Basis:
    """What a meter showed in a window, as known at an instant."""
    return Basis(
        price_id=terms.price_id, quantity=max(measured.value, Decimal(0)), meter_id=terms.meter_id,
        starts_at=window.starts_at, ends_at=window.ends_at, measured_at=at, events=measured.events,
    )  # fmt: skip


def _shown(terms: PriceTerms, basis: Basis) -> Decimal:
    """How many are shown: a flat fee is one per period, whatever the number of seats."""
    counted = basis.quantity if terms.is_per_unit or terms.is_usage else Decimal(1)
    return counted * basis.times


def _span(line: NewLine) -> Period | None:
    if line.period_starts_at is None or line.period_ends_at is None:
        return None
    return Period(line.period_starts_at, line.period_ends_at)


def _steps(rating: Rating) -> tuple[Step, ...]:
    return tuple(
        {
            "tier": step.tier,
            "quantity": f"{step.quantity:f}",
            "unit_amount": f"{step.unit_amount:f}",
            "flat_amount": f"{step.flat_amount:f}",
        }
        for step in rating.steps
    )
