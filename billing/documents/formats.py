"""Numbers, amounts and days as people of a locale write them.

The patterns are CLDR's; how many decimals a currency has is ISO's, as everywhere in the house: some differ.
Digits are Western ones in every locale, which is how documents that cross borders are read.
"""

import re
from collections.abc import Sequence
from copy import copy
from datetime import date
from decimal import Context, Decimal, localcontext
from functools import cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern

from core import money

# Unit prices and quantities are stored with this many.
MOST_DECIMALS: Final = 12
FALLBACK: Final = "en"

# Wide enough for every column; the default of 28 digits would refuse or round what a database holds.
_WIDE: Final = Context(prec=60)
# CLDR keeps a code apart from the digits beside it.
_LETTER_MEETS_DIGIT: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@cache
def locale_of(tag: str) -> Locale:
    """This function will return the locale of a tag such as `de-AT` or `zh_TW`; English for one that nobody knows."""
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale(FALLBACK)


def amount(minor: int, currency: str, locale: Locale) -> str:
    """This function will write an amount of minor units with the currency's symbol and exactly its decimals.

    :raises core.money.UnknownCurrency: if the currency has no minor units.
    """
    digits = money.exponent(currency)
    return _priced(money.to_major(minor, currency), currency, locale, (digits, digits))


def unit_price(value: Decimal, currency: str, locale: Locale) -> str:
    """This function will write a price in major units with the currency's decimals, or more where it has more.

    :raises core.money.UnknownCurrency: if the currency has no minor units.
    """
    return _priced(value, currency, locale, (money.exponent(currency), MOST_DECIMALS))


def quantity(value: Decimal, locale: Locale) -> str:
    """This function will write a quantity with the decimals it has."""
    return _applied(locale.decimal_formats[None], value, locale)


def percentage(value: Decimal, locale: Locale) -> str:
    """This function will write a rate per hundred, such as 8.25, as a percentage."""
    return _applied(locale.percent_formats[None], value.scaleb(-2), locale)


def percentages(values: Sequence[Decimal], locale: Locale) -> str:
    """This function will write several rates, each once."""
    return ", ".join(dict.fromkeys(percentage(value, locale) for value in values))


def day(value: date, locale: Locale) -> str:
    """This function will write a day with its year."""
    return format_date(value, "medium", locale=locale)


def days(first: date | None, last: date | None, locale: Locale) -> str:
    """This function will write a period by its first and last day, nothing without one."""
    if first is None or last is None:
        return ""
    return day(first, locale) if first >= last else f"{day(first, locale)} – {day(last, locale)}"


def country(code: str, locale: Locale) -> str:
    """This function will return the name of an ISO 3166 country in the locale's language, else the code."""
    return str(locale.territories.get(code, code))


def _priced(value: Decimal, currency: str, locale: Locale, decimals: tuple[int, int]) -> str:
    pattern = _with_decimals(locale.currency_formats["standard"], decimals)
    with localcontext(_WIDE):
        written = pattern.apply(value, locale, currency=currency, currency_digits=False)
    return _signed(_LETTER_MEETS_DIGIT.sub("\N{NO-BREAK SPACE}", written), locale)


def _applied(pattern: NumberPattern, value: Decimal, locale: Locale) -> str:
    with localcontext(_WIDE):
        return _signed(_with_decimals(pattern, (0, MOST_DECIMALS)).apply(value, locale), locale)


def _with_decimals(pattern: NumberPattern, decimals: tuple[int, int]) -> NumberPattern:
    changed = copy(pattern)
    changed.frac_prec = decimals
    return changed


def _signed(written: str, locale: Locale) -> str:
    # Some locales have a minus of their own, right-to-left ones a mark that keeps it in front of the number.
    return written.replace("-", locale.number_symbols["latn"]["minusSign"])
