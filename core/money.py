"""Money as integer minor units with an ISO 4217 currency, and the only two ways in which the house rounds.

An amount is rounded half away from zero, once, where a computation ends (`round_half_up`, `to_minor`); an amount that
is shown in parts is split by largest remainder (`allocate`), so that the parts always add up to the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

import iso4217

from core import errors

# Amounts live in bigint columns.
MAX_MINOR: Final = 2**63 - 1

_EXPONENTS: Final[dict[str, int]] = {
    code: int(str(row["CcyMnrUnts"]))
    for code, row in iso4217.raw_table.items()
    # Precious metals and the codes for testing and for "no currency" have no minor unit, so nobody can pay in them.
    if code and str(row["CcyMnrUnts"]).isdigit()
}

# Wide enough for every bigint and any exponent of the input; `quantize` reads the digits that are cut off exactly.
_WIDE: Final = Context(prec=40, rounding=ROUND_HALF_UP, Emax=MAX_EMAX, Emin=MIN_EMIN)


class UnknownCurrency(errors.Invalid):
    code = "unknown_currency"
    title = "The currency is not an ISO 4217 currency with minor units."


class CurrencyMismatch(errors.Invalid):
    code = "currency_mismatch"
    title = "Amounts of different currencies cannot be combined."


class AmountOutOfRange(errors.Invalid):
    code = "amount_out_of_range"
    title = "The amount is not a number that can be stored."


def exponent(currency: str) -> int:
    """How many decimal places a currency has.

    This function will answer the ISO 4217 minor unit digits (JPY 0, USD 2, KWD 3, CLF 4) of an upper-case code.

    :raises UnknownCurrency: the code is not in the ISO table, or the currency has no minor unit.
    """
    try:
        return _EXPONENTS[currency]
    except (KeyError, TypeError):
        raise UnknownCurrency(currency=str(currency)[:16]) from None


def currencies() -> list[str]:
    """The codes that can be used. This function will answer every supported ISO 4217 code, sorted."""
    return sorted(_EXPONENTS)


def round_half_up(value: Fraction | Decimal | int) -> int:
    """Round to a whole number, halves away from zero.

    This function will answer the integer nearest to an exact value: 2.5 → 3, -2.5 → -3. A `Fraction` loses nothing on
    the way here, so use it for quotients.
    """
    exact = Fraction(value)
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return whole if exact >= 0 else -whole


def to_minor(amount: Decimal, currency: str) -> int:
    """A decimal amount in major units, in minor units.

    This function will round half away from zero at the currency's exponent: 10.275 USD → 1028, 0.5 JPY → 1.

    :raises UnknownCurrency: see `exponent`.
    :raises AmountOutOfRange: the amount is not finite, or its minor units do not fit a 64-bit integer.
    """
    digits = exponent(currency)
    try:
        minor = int(amount.quantize(Decimal((0, (1,), -digits)), context=_WIDE).scaleb(digits, context=_WIDE))
    except (InvalidOperation, ValueError, OverflowError):
        raise AmountOutOfRange(currency=currency) from None
    if abs(minor) > MAX_MINOR:
        raise AmountOutOfRange(currency=currency)
    return minor


def to_major(minor: int, currency: str) -> Decimal:
    """Minor units in major units. This function will answer an exact decimal with the currency's places: 1050 USD →
    10.50.

    :raises UnknownCurrency: see `exponent`.
    """
    return Decimal(minor).scaleb(-exponent(currency), context=_WIDE)


def format_plain(minor: int, currency: str) -> str:
    """An amount as plain text for logs, files and mails.

    This function will answer digits, a point and the code, without separators or symbols: `-1234.50 USD`, `500 JPY`.

    :raises UnknownCurrency: see `exponent`.
    """
    return f"{to_major(minor, currency):f} {currency}"


def allocate(total: int, weights: Sequence[int | Decimal | Fraction]) -> list[int]:
    """Split a total over weights so that the parts add up to it exactly (largest remainder, Hamilton's method).

    `total` is in minor units and may be negative; one weight per part, none negative. This function will give each part
    the floor of its exact share, then one unit each to the largest fractions, ties to the earlier part. The signs
    follow the total. When there is nothing to split, all weights may be zero.

    :raises ValueError: a weight is negative, or all are zero although there is something to split.
    """
    if total < 0:
        return [-part for part in allocate(-total, weights)]
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact, Fraction())
    if any(weight < 0 for weight in exact) or (whole == 0 and total != 0):
        raise ValueError("weights must not be negative, nor all zero")
    return spread(total, [total * weight / whole if whole else whole for weight in exact])


def spread(total: int, shares: Sequence[Fraction]) -> list[int]:
    """Round exact shares to whole numbers that add up to a total.

    The shares may have mixed signs, and the total must be less than one unit per share away from their sum. This
    function will take the floor of each share, then give one unit each to the largest fractions, ties to the earlier
    share.

    :raises ValueError: the total cannot be reached in this way.
    """
    parts = [share.numerator // share.denominator for share in shares]
    missing = total - sum(parts)
    if not 0 <= missing <= len(parts):
        raise ValueError("the shares do not belong to this total")
    by_fraction = sorted(range(len(parts)), key=lambda index: parts[index] - shares[index])
    for index in by_fraction[:missing]:
        parts[index] += 1
    return parts


@dataclass(frozen=True, order=False)
class Money:
    """An amount: `minor` units (signed) of an ISO 4217 `currency`. Amounts of two currencies never meet."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """This function will refuse what is not an integer of a known currency.

        :raises UnknownCurrency: see `exponent`.
        :raises AmountOutOfRange: the minor units do not fit a 64-bit integer.
        :raises TypeError: the minor units are not an integer.
        """
        if type(self.minor) is not int:
            raise TypeError("minor units are an integer")
        if abs(self.minor) > MAX_MINOR:
            raise AmountOutOfRange(currency=self.currency)
        exponent(self.currency)

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> "Money":
        """This function will make money of a decimal amount in major units; see `to_minor`."""
        return cls(to_minor(amount, currency), currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def __str__(self) -> str:
        return format_plain(self.minor, self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(currencies=sorted({self.currency, other.currency}))
        return other.minor
