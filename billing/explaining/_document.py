"""What became of the lines: discounts, taxes, stored value, payments, and what is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

from billing.explaining import _words


@dataclass(frozen=True, kw_only=True)
class DiscountStory:
    """What one coupon took off, and what was left then; `is_scoped` for one that counts for some lines only."""

    description: str
    amount_minor: int
    left_minor: int
    is_scoped: bool


@dataclass(frozen=True, kw_only=True)
class TaxStory:
    """One rate: the base of its lines, and the tax rounded once on it. `percentage` is of a hundred."""

    code: str
    name: str
    country: str
    percentage: Decimal
    base_minor: int
    tax_minor: int
    is_reverse_charge: bool


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Money or value that came or went: `kind` is credit, wallet, credit_note, payment or refund.

    `name` is what people call it (a credit note's number, how a lot of value came to be), `id` its public id, `parts`
    where a credit note went: minor units by due, refund, wallet and out_of_band.
    """

    kind: str
    id: str
    name: str
    amount_minor: int
    at: datetime
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class DocumentStory:
    """An invoice, or what would be one (`state` quote). Amounts are minor units; `lines` are their sentences."""

    state: str
    currency: str
    is_inclusive: bool
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    credit_applied_minor: int
    wallet_applied_minor: int
    due_minor: int
    due_at: datetime | None = None
    lines: tuple[str, ...] = ()
    discounts: tuple[DiscountStory, ...] = ()
    taxes: tuple[TaxStory, ...] = ()
    moved: tuple[Moved, ...] = ()

    @property
    def is_final(self) -> bool:
        """This function will tell whether it has happened already."""
        return self.state not in ("quote", "draft")


def sentences(told: DocumentStory, zone: tzinfo) -> tuple[str, ...]:
    """This function will return an invoice in plain English, in the order in which it is worked out."""
    return (
        *told.lines, *_subtotal(told), *_discounts(told), *_taxes(told), *_total(told), *_stored(told),
        *_moved(told, zone), _standing(told, zone),
    )  # fmt: skip


def _subtotal(told: DocumentStory) -> Iterator[str]:
    if len(told.lines) > 1:
        yield f"Together that {_was(told, 'is', 'was')} {_words.amount(told.subtotal_minor, told.currency)}."


def _discounts(told: DocumentStory) -> Iterator[str]:
    for one in told.discounts:
        took, left = (_words.amount(minor, told.currency) for minor in (one.amount_minor, one.left_minor))
        where = " the lines it is for" if one.is_scoped else ""
        verb = _was(told, "takes", "took")
        yield f"The coupon {one.description} {verb} {took} off{where}, which {_was(told, 'leaves', 'left')} {left}."


def _taxes(told: DocumentStory) -> Iterator[str]:
    for one in told.taxes:
        base, tax = (_words.amount(minor, told.currency) for minor in (one.base_minor, one.tax_minor))
        if one.is_reverse_charge:
            yield f"No tax is charged on {base} ({one.name}): you account for it yourself."
        elif told.is_inclusive:
            yield f"Of {base}, {tax} is {one.name} ({_words.percent(one.percentage)}), which the prices include."
        else:
            yield f"{one.name} of {_words.percent(one.percentage)} on {base} is {tax}."


def _total(told: DocumentStory) -> Iterator[str]:
    if told.discounts or told.tax_minor:
        yield f"The invoice comes to {_words.amount(told.total_minor, told.currency)}."


def _stored(told: DocumentStory) -> Iterator[str]:
    sources = (
        ("credit", told.credit_applied_minor, "the credit of earlier credit notes"),
        ("wallet", told.wallet_applied_minor, "your wallet"),
    )
    for kind, minor, name in sources:
        if minor:
            lots = [one for one in told.moved if one.kind == kind]
            parts = [f"{_words.amount(one.amount_minor, told.currency)} {one.name}" for one in lots if one.name]
            detail = f": {_words.joined(parts)}" if parts else ""
            verb = _was(told, "will be paid", "was paid")
            yield f"{_words.amount(minor, told.currency)} of it {verb} from {name}{detail}."


def _moved(told: DocumentStory, zone: tzinfo) -> Iterator[str]:
    for one in told.moved:
        minor, day = _words.amount(one.amount_minor, told.currency), _words.day(one.at, zone)
        if one.kind == "payment":
            yield f"{minor} was paid on {day}."
        elif one.kind == "refund":
            yield f"{minor} was refunded on {day}."
        elif one.kind == "credit_note":
            yield f"The credit note {one.name} of {day} took {minor} back: {_went(one, told.currency)}."


def _went(note: Moved, currency: str) -> str:
    said = {
        "due": "off what was due",
        "refund": "refunded",
        "wallet": "into your wallet",
        "out_of_band": "settled elsewhere",
    }
    return _words.joined([f"{_words.amount(minor, currency)} {said[where]}" for where, minor in note.parts if minor])


def _standing(told: DocumentStory, zone: tzinfo) -> str:
    due = _words.amount(told.due_minor, told.currency)
    match told.state:
        case "quote":
            return f"You would have to pay {due}."
        case "draft":
            return "This is a draft and can still change."
        case "void":
            return "The invoice was taken back; nothing is due."
        case "uncollectible":
            return f"{due} was never paid and has been given up."
        case _:
            return _open(told, due, zone)


def _open(told: DocumentStory, due: str, zone: tzinfo) -> str:
    if not told.due_minor:
        return "Nothing is due any more."
    return f"{due} is due{f' by {_words.day(told.due_at, zone)}' if told.due_at else ''}."


def _was(told: DocumentStory, now: str, then: str) -> str:
    return then if told.is_final else now
