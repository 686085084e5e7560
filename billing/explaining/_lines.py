"""How the amount of one line came about."""

from dataclasses import dataclass
from datetime import timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Final

from billing.explaining import _words
from billing.lines import Basis, NewLine
from core.money import exponent, round_half_up

# How many days an interval has, at least and at most.
_DAYS: Final = {
    "day": (1, 1), "week": (7, 7), "month": (28, 31), "quarter": (90, 92), "half_year": (181, 184), "year": (365, 366),
}  # fmt: skip
_SECOND: Final = timedelta(seconds=1)
_DAY_SECONDS: Final = 86_400
_OWN: Final = "own"


@dataclass(frozen=True, kw_only=True)
class Sold:
    """What of the catalog a line charges: the price with its formula in words, and whose price it is.

    Amounts are in major units. Ids are public; `version` is the number of the plan's version. `interval` empty is what
    is charged once.
    """

    price: str
    price_name: str
    model: str
    formula: str
    owner_name: str = ""
    plan: str | None = None
    version: int | None = None
    addon: str | None = None
    interval: str = ""
    interval_count: int = 1
    package_size: Decimal | None = None
    percentage: Decimal | None = None
    minimum_amount: Decimal | None = None
    maximum_amount: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """One step of a computation in major units: `quantity` × `unit_amount` + `flat_amount`, not rounded.

    `tier` counts from 1, for prices with tiers.
    """

    tier: int | None
    quantity: Decimal
    unit_amount: Decimal
    flat_amount: Decimal

    @property
    def amount(self) -> Fraction:
        """This function will answer the exact amount in major units."""
        return Fraction(self.quantity) * Fraction(self.unit_amount) + Fraction(self.flat_amount)


@dataclass(frozen=True, kw_only=True)
class Work:
    """The computation of a line: exact major units of its steps, what one whole period costs, and what became of it.

    `limited_by` is minimum, maximum or empty. `whole_minor` is for all its whole periods, `shared` the exact minor
    units of the share that is charged, `amount_minor` unsigned and rounded, before `cap_minor`.
    """

    parts: tuple[Part, ...]
    exact: Fraction
    limited_by: str
    rated_minor: int
    whole_minor: int
    shared: Fraction
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class LineStory:
    """The computation as a formula with its numbers, and as a sentence."""

    calculation: str
    sentence: str
    limited_by: str
    parts: tuple[Part, ...]


def story(line: NewLine, sold: Sold | None, *, currency: str, zone: tzinfo, is_final: bool) -> LineStory:
    """This function will tell how a line came about; as something still to come unless it is final."""
    done = work(line, sold, currency)
    opening = _opening(line, currency, is_final)
    when = ""
    if line.period_starts_at and line.period_ends_at:
        when = f" {_words.span(line.period_starts_at, line.period_ends_at, zone)}"
    reason = "" if done is None else _reason(line, sold, done, currency)
    return LineStory(
        calculation=_words.amount(line.amount_minor, currency)
        if done is None
        else _formula(line, sold, done, currency),
        sentence=f"{opening} {_what(line, sold)}{when}{f': {reason}' if reason else ''}.",
        limited_by=done.limited_by if done else "",
        parts=done.parts if done else (),
    )


def work(line: NewLine, sold: Sold | None, currency: str) -> Work | None:
    """This function will go through the computation of a line again; None for one with an amount of its own."""
    basis = line.basis
    parts = _parts(line)
    if basis is None and not parts:
        return None
    exact = sum((part.amount for part in parts), Fraction())
    bounded, limited_by = _limited(exact, sold)
    rated = round_half_up(bounded * 10 ** exponent(currency))
    whole = rated * (basis.times if basis else 1)
    shared = whole * (basis.share if basis else Fraction(1))
    return Work(
        parts=parts, exact=exact, limited_by=limited_by, rated_minor=rated, whole_minor=whole, shared=shared,
        amount_minor=round_half_up(shared),
    )  # fmt: skip


def _parts(line: NewLine) -> tuple[Part, ...]:
    if line.basis is None and not line.steps:
        # An item of its own is so many at so much; any other line without a basis is an amount and no more.
        if line.unit_amount is None or line.kind != "one_off":
            return ()
        own = Part(tier=None, quantity=line.quantity, unit_amount=line.unit_amount, flat_amount=Decimal(0))
        return (own,)
    return tuple(
        Part(
            tier=None if step["tier"] is None else step["tier"] + 1, quantity=Decimal(step["quantity"]),
            unit_amount=Decimal(step["unit_amount"]), flat_amount=Decimal(step["flat_amount"]),
        )
        for step in line.steps
    )  # fmt: skip


def _limited(exact: Fraction, sold: Sold | None) -> tuple[Fraction, str]:
    if sold and sold.minimum_amount is not None and exact < Fraction(sold.minimum_amount):
        return Fraction(sold.minimum_amount), "minimum"
    if sold and sold.maximum_amount is not None and exact > Fraction(sold.maximum_amount):
        return Fraction(sold.maximum_amount), "maximum"
    return exact, ""


def _formula(line: NewLine, sold: Sold | None, done: Work, currency: str) -> str:
    texts = [_sum(done, currency)]
    basis = line.basis
    if basis is None:
        return texts[0]
    if basis.times != 1:
        texts.append(f"× {basis.times} = {_words.amount(done.whole_minor, currency)}")
    if basis.share != 1:
        texts.append(f"{share(line, sold)} = {_rounded(done.shared, done.amount_minor, currency)}")
    if _is_capped(basis, done):
        texts.append(f"no more than {_words.amount(basis.cap_minor or 0, currency)}")
    if basis.sign < 0:
        texts.append(f"given back: {_words.amount(line.amount_minor, currency)}")
    return "; ".join(texts)


def _sum(done: Work, currency: str) -> str:
    terms = [_term(part, currency) for part in done.parts] or ["0"]
    scale = 10 ** exponent(currency)
    if not done.limited_by:
        return f"{' + '.join(terms)} = {_rounded(done.exact * scale, done.rated_minor, currency)}"
    limit = {"minimum": "at least", "maximum": "at most"}[done.limited_by]
    bound = _words.amount(done.rated_minor, currency)
    return f"{' + '.join(terms)} = {_words.unit(done.exact, currency)}; {limit} {bound}"


def _term(part: Part, currency: str) -> str:
    flat = f" + {_words.unit(part.flat_amount, currency)}" if part.flat_amount else ""
    return f"{_words.count(part.quantity)} × {_words.unit(part.unit_amount, currency)}{flat}"


def _rounded(exact_minor: Fraction, minor: int, currency: str) -> str:
    shown = _words.amount(minor, currency)
    if exact_minor == minor:
        return shown
    return f"{_words.unit(exact_minor / 10 ** exponent(currency), currency)}, rounded to {shown}"


def share(line: NewLine, sold: Sold | None) -> str:
    """This function will return the share of a line's basis in words: `20 of 30 days`, or a fraction or a percentage.

    Days are named only where the line's period and the share make a whole number of days that the interval can have.
    """
    part = line.basis.share if line.basis else Fraction(1)
    days = _days(line, part, sold)
    if days is not None:
        return f"{days[0]} of {days[1]} days"
    if part.denominator <= 366:
        return f"{part.numerator}/{part.denominator} of the period"
    return f"{_words.percent(Fraction(round_half_up(part * 10_000), 100))} of the period"


def _days(line: NewLine, part: Fraction, sold: Sold | None) -> tuple[int, int] | None:
    if line.period_starts_at is None or line.period_ends_at is None or sold is None or not sold.interval or not part:
        return None
    covered = Fraction((line.period_ends_at - line.period_starts_at) // _SECOND, _DAY_SECONDS)
    total = covered / part
    least, most = (bound * sold.interval_count for bound in _DAYS[sold.interval])
    if covered.denominator != 1 or total.denominator != 1 or not least <= total <= most:
        return None
    return int(covered), int(total)


def _opening(line: NewLine, currency: str, is_final: bool) -> str:
    shown = _words.amount(abs(line.amount_minor), currency)
    if line.amount_minor < 0:
        return f"You {'were' if is_final else 'will be'} given back {shown} for"
    return f"You {'were' if is_final else 'will be'} charged {shown} for"


def _what(line: NewLine, sold: Sold | None) -> str:
    if sold is None or sold.model == "flat":
        many = line.quantity != 1 and line.amount_minor >= 0
        return f"{_words.count(line.quantity)} × {line.description}" if many else line.description
    owner = f" ({sold.owner_name})" if sold.owner_name not in ("", sold.price_name) else ""
    quantity = line.basis.quantity if line.basis else line.quantity
    return f"{_words.count(quantity)} {sold.price_name}{owner}"


def _reason(line: NewLine, sold: Sold | None, done: Work, currency: str) -> str:
    said = [text] if (text := _said(line, sold, done, currency)) else []
    if done.limited_by:
        limit = {"minimum": "but at least the minimum of", "maximum": "but at most"}[done.limited_by]
        said.append(f"{limit} {_words.amount(done.rated_minor, currency)}")
    basis = line.basis
    if basis is None:
        return ", ".join(said)
    if basis.times != 1:
        said.append(f"{basis.times} times")
    if basis.share != 1:
        whole = f"{share(line, sold)} of {_words.amount(done.whole_minor, currency)}"
        said.append(f"for {share(line, sold)}" if said else whole)
    if _is_capped(basis, done):
        said.append("but no more than was paid for it")
    return ", ".join(said)


def _said(line: NewLine, sold: Sold | None, done: Work, currency: str) -> str:
    """The parts of the sum in words; nothing where the amount says it all."""
    model = sold.model if sold else _OWN
    if not done.parts:
        return "nothing was used" if line.kind == "usage" else ""
    first = done.parts[0]
    each = f"{_words.unit(first.unit_amount, currency)} {currency} each"
    match model:
        case "graduated":
            return _tiers(done.parts, currency)
        case "volume":
            return f"all {_words.count(first.quantity)} at {each}{_flat(first, currency)}"
        case "package":
            size = _words.count(sold.package_size or Decimal(1)) if sold else ""
            return f"{_words.count(first.quantity)} packages of {size} at {each}"
        case "percentage":
            return _percentage(done.parts, sold, currency)
        case "per_unit":
            return f"{_words.count(first.quantity)} at {each}"
        case "own" if first.quantity != 1:
            return f"{_words.count(first.quantity)} at {each}"
    times = line.basis.times if line.basis else 1
    return f"{_words.unit(first.unit_amount, currency)} {currency}" if times != 1 else ""


def _tiers(parts: tuple[Part, ...], currency: str) -> str:
    """Such as `the first 10 at 0.50 USD each, the next 10 at 0.40 USD each and the last 5 at 0.30 USD each`."""
    if len(parts) == 1:
        part = parts[0]
        return f"{_words.count(part.quantity)} at {_each(part, currency)}"
    names = ["the first", *["the next"] * (len(parts) - 2), "the last"]
    pairs = zip(names, parts, strict=True)
    return _words.joined([f"{name} {_words.count(part.quantity)} at {_each(part, currency)}" for name, part in pairs])


def _each(part: Part, currency: str) -> str:
    return f"{_words.unit(part.unit_amount, currency)} {currency} each{_flat(part, currency)}"


def _flat(part: Part, currency: str) -> str:
    return f" plus a flat {_words.unit(part.flat_amount, currency)} {currency}" if part.flat_amount else ""


def _percentage(parts: tuple[Part, ...], sold: Sold | None, currency: str) -> str:
    share_of = _words.percent(sold.percentage or Decimal(0)) if sold else ""
    text = f"{share_of} of {_words.unit(parts[0].quantity, currency)} {currency}"
    fees = parts[1] if len(parts) > 1 else None
    if fees is None or not fees.unit_amount:
        return text
    fee = f"{_words.unit(fees.unit_amount, currency)} {currency}"
    return f"{text} plus {fee} for each of {_words.count(fees.quantity)} events"


def _is_capped(basis: Basis, done: Work) -> bool:
    return basis.cap_minor is not None and done.amount_minor > basis.cap_minor
