"""A priced line on its way to an invoice, and what its amount follows from.

Pure: a line can be written down as plain JSON and read back exactly, so that it may wait for its invoice, and so that
anybody can compute its amount again years later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

Content = dict[str, Any]
Step = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a line's amount follows from.

    The amount is the price of `quantity` times `times` whole periods times `share` of one, rounded once, at most
    `cap_minor`, with `sign`. For usage the quantity is what the meter showed in `[starts_at, ends_at)`, from so many
    `events`, as known at `measured_at`.
    """

    price_id: UUID
    quantity: Decimal
    meter_id: UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    measured_at: datetime | None = None
    events: int | None = None
    times: int = 1
    share: Fraction = Fraction(1)
    sign: int = 1
    cap_minor: int | None = None

    def to_json(self) -> Content:
        """This function will write the basis down."""
        return {
            "price_id": str(self.price_id),
            "quantity": f"{self.quantity:f}",
            "meter_id": str(self.meter_id) if self.meter_id else None,
            "starts_at": _text(self.starts_at),
            "ends_at": _text(self.ends_at),
            "measured_at": _text(self.measured_at),
            "events": self.events,
            "times": self.times,
            "share": f"{self.share.numerator}/{self.share.denominator}",
            "sign": self.sign,
            "cap_minor": self.cap_minor,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Basis":
        """This function will read back what `to_json` wrote."""
        return cls(
            price_id=UUID(content["price_id"]),
            quantity=Decimal(content["quantity"]),
            meter_id=UUID(content["meter_id"]) if content["meter_id"] else None,
            starts_at=_instant(content["starts_at"]),
            ends_at=_instant(content["ends_at"]),
            measured_at=_instant(content["measured_at"]),
            events=content["events"],
            times=content["times"],
            share=Fraction(content["share"]),
            sign=content["sign"],
            cap_minor=content["cap_minor"],
        )


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """A priced line. `amount_minor` counts, `unit_amount` is shown; a credit is negative.

    `price` and `plan` are public ids of the catalog; `tax_code` chooses the tax rates. `basis` and `steps` say how the
    amount came about; a line with an amount of its own has neither.
    """

    description: str
    quantity: Decimal
    unit_amount: Decimal | None
    amount_minor: int
    price: str | None = None
    plan: str | None = None
    tax_code: str = ""
    period_starts_at: datetime | None = None
    period_ends_at: datetime | None = None
    kind: str = "fixed"
    basis: Basis | None = None
    steps: tuple[Step, ...] = ()


def to_content(line: NewLine) -> Content:
    """This function will write a line down as plain JSON."""
    return {
        "description": line.description,
        "quantity": f"{line.quantity:f}",
        "unit_amount": None if line.unit_amount is None else f"{line.unit_amount:f}",
        "amount_minor": line.amount_minor,
        "price": line.price,
        "plan": line.plan,
        "tax_code": line.tax_code,
        "period_starts_at": _text(line.period_starts_at),
        "period_ends_at": _text(line.period_ends_at),
        "kind": line.kind,
        "basis": line.basis.to_json() if line.basis else None,
        "steps": [dict(step) for step in line.steps],
    }


def from_content(content: Mapping[str, Any]) -> NewLine:
    """This function will read back what `to_content` wrote."""
    return NewLine(
        description=content["description"],
        quantity=Decimal(content["quantity"]),
        unit_amount=None if content["unit_amount"] is None else Decimal(content["unit_amount"]),
        amount_minor=content["amount_minor"],
        price=content["price"],
        plan=content["plan"],
        tax_code=content["tax_code"],
        period_starts_at=_instant(content["period_starts_at"]),
        period_ends_at=_instant(content["period_ends_at"]),
        kind=content["kind"],
        basis=Basis.from_json(content["basis"]) if content["basis"] else None,
        steps=tuple(content["steps"]),
    )


def postponed(lines: Sequence[NewLine], minor: int) -> tuple[list[NewLine], list[NewLine]]:
    """Take credits off an invoice that cannot bear them.

    This function will return the lines without credits of `minor` altogether, and these credits, or rests of credits,
    which wait for a later invoice. The last credits wait first; where there are not enough, all of them wait.
    """
    borne, waiting = [], []
    for line in reversed(lines):
        rest = max(0, min(minor, -line.amount_minor))
        minor -= rest
        if rest < -line.amount_minor or line.amount_minor >= 0:
            borne.append(_part(line, line.amount_minor + rest) if rest else line)
        if rest:
            waiting.append(_part(line, -rest))
    return borne[::-1], waiting[::-1]


def _part(line: NewLine, amount_minor: int) -> NewLine:
    """A part of a credit has an amount of its own: it no longer is what its basis comes to."""
    if amount_minor == line.amount_minor:
        return line
    return replace(line, amount_minor=amount_minor, quantity=Decimal(1), unit_amount=None, basis=None, steps=())


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
