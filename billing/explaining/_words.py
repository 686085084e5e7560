"""Numbers, amounts and days as people read them."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Final

from core.money import exponent, format_plain

# An exact amount that never ends is shown so far.
PLACES_SHOWN: Final = 6


def amount(minor: int, currency: str) -> str:
    """This function will return minor units such as `1,050.00 USD`."""
    number, _, code = format_plain(minor, currency).partition(" ")
    return f"{Decimal(number):,f} {code}"


def unit(value: Decimal | Fraction, currency: str) -> str:
    """This function will return an amount of major units, with more places than the currency has only where needed."""
    text = exact(Fraction(value))
    if text.endswith("…"):
        return text
    missing = exponent(currency) - len(text.partition(".")[2])
    return text if missing <= 0 else f"{text if '.' in text else text + '.'}{'0' * missing}"


def count(value: Decimal) -> str:
    """This function will return how many, such as `1,250.5`."""
    return exact(Fraction(value))


def exact(value: Fraction) -> str:
    """This function will return a number with all its digits, or with the first of them and `…` where it never ends."""
    sign, whole = "-" if value < 0 else "", abs(value)
    digits = _digits(whole)
    places = PLACES_SHOWN if digits is None else digits
    scaled = whole.numerator * 10**places // whole.denominator
    before, after = divmod(scaled, 10**places)
    fraction = f".{after:0{places}d}" if places else ""
    return f"{sign}{before:,d}{fraction}{'…' if digits is None else ''}"


def percent(value: Decimal | Fraction) -> str:
    """This function will return a part of a hundred such as `8.25 %`."""
    return f"{exact(Fraction(value))} %"


def day(at: datetime, zone: tzinfo) -> str:
    """This function will return the local day of an instant, such as `January 15, 2026`."""
    local = at.astimezone(zone)
    return f"{local:%B} {local.day}, {local.year}"


def span(starts_at: datetime, ends_at: datetime, zone: tzinfo) -> str:
    """This function will return such as `from January 15 to February 15, 2026`."""
    first, last = starts_at.astimezone(zone), ends_at.astimezone(zone)
    year = f", {first.year}" if first.year != last.year else ""
    return f"from {first:%B} {first.day}{year} to {day(ends_at, zone)}"


def joined(parts: Sequence[str]) -> str:
    """This function will return such as `one, two and three`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _digits(value: Fraction) -> int | None:
    """How many decimal places a number has; None if it never ends."""
    rest, counts = value.denominator, {2: 0, 5: 0}
    for factor in counts:
        while rest % factor == 0:
            rest //= factor
            counts[factor] += 1
    return None if rest > 1 else max(counts.values())
