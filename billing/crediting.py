"""What a credit note takes back of an invoice: net, tax and each rate's part, in minor units of its one currency.

Parts are cut from the whole cumulatively: a line credited in any number of steps, wholly in the end, was credited with
exactly its net, its tax and its rates, and never with more in between. A line may be a credit itself; its parts then
are negative, as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from core import errors
from core.money import allocate, round_half_up, spread


class CreditExceedsInvoice(errors.Invalid):
    code = "credit_exceeds_invoice"
    title = "Less is left to be credited; nothing is credited twice."


@dataclass(frozen=True, kw_only=True)
class Share:
    """A part of a line, or the whole of it. `taxes` are the rates' parts of `tax_minor`, by code."""

    net_minor: int = 0
    tax_minor: int = 0
    taxes: Mapping[str, int] = field(default_factory=dict)

    @property
    def gross_minor(self) -> int:
        """This function will answer the net with the tax."""
        return self.net_minor + self.tax_minor

    def __add__(self, other: "Share") -> "Share":
        codes = [*self.taxes, *(code for code in other.taxes if code not in self.taxes)]
        return Share(
            net_minor=self.net_minor + other.net_minor,
            tax_minor=self.tax_minor + other.tax_minor,
            taxes={code: self.taxes.get(code, 0) + other.taxes.get(code, 0) for code in codes},
        )


@dataclass(frozen=True, kw_only=True)
class Creditable:
    """A line of an invoice: what it came to, and what earlier notes have taken back of it."""

    id: str
    whole: Share
    credited: Share = field(default_factory=Share)

    @property
    def left_minor(self) -> int:
        """This function will answer what can still be taken back of the line, with its tax."""
        return self.whole.gross_minor - self.credited.gross_minor


def left_minor(lines: Sequence[Creditable]) -> int:
    """This function will answer what can still be taken back of an invoice."""
    return sum(line.left_minor for line in lines)


def of_lines(lines: Sequence[Creditable], wanted: Mapping[str, int | None]) -> dict[str, Share]:
    """This function will return the parts of some lines by id: so much of each with its tax, or None for what is left.

    A line that is a credit itself is taken back with the whole invoice only.

    :raises CreditExceedsInvoice: if less is left of a line, or of the invoice, or an amount is not above zero.
    :raises KeyError: if the invoice has no such line.
    """
    known = {line.id: line for line in lines}
    amounts = {line_id: known[line_id].left_minor if amount is None else amount for line_id, amount in wanted.items()}
    for line_id, amount in amounts.items():
        if not 0 < amount <= known[line_id].left_minor:
            raise CreditExceedsInvoice(line=line_id, left_minor=max(known[line_id].left_minor, 0))
    _refuse_beyond(sum(amounts.values()), lines)
    return {line_id: _share(known[line_id], amount) for line_id, amount in amounts.items()}


def of_amount(lines: Sequence[Creditable], amount_minor: int) -> dict[str, Share]:
    """This function will return the parts of an invoice's lines by id that make an amount, in proportion to what is
    left of each; lines of which that is nothing are left out.

    :raises CreditExceedsInvoice: if less is left of the invoice, or the amount is not above zero.
    """
    _refuse_beyond(amount_minor, lines)
    left = left_minor(lines)
    parts = spread(amount_minor, [Fraction(line.left_minor * amount_minor, left) for line in lines])
    return {line.id: _share(line, part) for line, part in zip(lines, parts, strict=True) if part}


def of_everything(lines: Sequence[Creditable]) -> dict[str, Share]:
    """This function will return all that is left of an invoice's lines, by id.

    :raises CreditExceedsInvoice: if nothing is left.
    """
    return of_amount(lines, left_minor(lines))


def part(line: Creditable, gross_minor: int) -> Share:
    """This function will return the part of a line that makes an amount, tax included."""
    return _share(line, gross_minor)


def _refuse_beyond(amount_minor: int, lines: Sequence[Creditable]) -> None:
    left = left_minor(lines)
    if not 0 < amount_minor <= left:
        raise CreditExceedsInvoice(left_minor=max(left, 0))


def _share(line: Creditable, gross_minor: int) -> Share:
    """The part of a line that makes an amount: the tax up to here, less what notes have had of it before."""
    up_to_here = line.credited.gross_minor + gross_minor
    tax = round_half_up(Fraction(line.whole.tax_minor * up_to_here, line.whole.gross_minor)) - line.credited.tax_minor
    return Share(net_minor=gross_minor - tax, tax_minor=tax, taxes=_rates(line, tax))


def _rates(line: Creditable, tax_minor: int) -> dict[str, int]:
    """A part of a line's tax over its rates, in proportion to what is left of each."""
    left = {code: abs(minor - line.credited.taxes.get(code, 0)) for code, minor in line.whole.taxes.items()}
    if not left:
        return {}
    return dict(zip(left, allocate(tax_minor, list(left.values())), strict=True))
