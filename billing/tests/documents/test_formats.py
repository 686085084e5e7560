"""How numbers are written: by locale, with the decimals that ISO gives a currency."""

import re
from datetime import date
from decimal import Decimal

import pytest
from babel import Locale
from babel.localedata import locale_identifiers

from billing.documents import formats
from billing.documents.wording import languages
from core import money

LOCALES = ("en", "de", "fr", "es", "pl", "ar", "he", "ja", "zh_Hant", "hi", "sv", "de_CH", "pt_BR")


@pytest.mark.parametrize("tag", LOCALES)
def test_every_currency_has_its_own_decimals_in_every_locale(tag: str) -> None:
    locale = formats.locale_of(tag)
    point, minus = locale.number_symbols["latn"]["decimal"], locale.number_symbols["latn"]["minusSign"]
    for currency in money.currencies():
        written = formats.amount(-123456789, currency, locale)
        decimals = re.search(rf"\d{re.escape(point)}(\d+)(?!.*\d)", written) if money.exponent(currency) else None
        assert "".join(re.findall(r"\d", written)) == "123456789", currency
        assert (len(decimals[1]) if decimals else 0) == money.exponent(currency), currency
        assert minus in written, currency


def test_every_locale_that_is_known_writes_everything() -> None:
    for tag in locale_identifiers():
        locale = Locale.parse(tag)
        assert "".join(re.findall(r"\d", formats.amount(123456, "USD", locale))) == "123456", tag
        assert formats.quantity(Decimal("0.5"), locale).endswith("5"), tag
        assert "19" in formats.percentage(Decimal(19), locale), tag
        assert formats.days(date(2026, 1, 1), date(2026, 1, 31), locale), tag


@pytest.mark.parametrize(
    ("tag", "minor", "currency", "expected"),
    [
        ("en", 123456789, "USD", "$1,234,567.89"),
        ("en-GB", -1050, "GBP", "-£10.50"),
        ("de", 123456789, "EUR", "1.234.567,89\xa0€"),
        ("fr", -123456, "EUR", "-1\u202f234,56\xa0€"),
        ("ja", 1500, "JPY", "￥1,500"),
        ("en", 1500, "KWD", "KWD\xa01.500"),
        ("en", 12345, "CLF", "CLF\xa01.2345"),
        ("is", 1500, "ISK", "1.500\xa0kr."),
        # CLDR would print no decimals.
        ("en", 1500, "IQD", "IQD\xa01.500"),
        ("hi", 12345678, "INR", "₹1,23,456.78"),
        ("sv", -1000, "SEK", "\u221210,00\xa0kr"),
        ("he", -1000, "ILS", "\u200f\u200e-10.00\xa0\u200f₪"),
        ("en", money.MAX_MINOR, "USD", "$92,233,720,368,547,758.07"),
    ],
)
def test_amounts_are_written_as_people_there_write_them(tag: str, minor: int, currency: str, expected: str) -> None:
    assert formats.amount(minor, currency, formats.locale_of(tag)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("15", "€15.00"), ("0.000120000000", "€0.00012"), ("0.000000000001", "€0.000000000001"), ("-3.5", "-€3.50")],
)
def test_unit_prices_keep_all_their_decimals(value: str, expected: str) -> None:
    assert formats.unit_price(Decimal(value), "EUR", formats.locale_of("en")) == expected


def test_quantities_lose_idle_zeros_and_no_digit() -> None:
    english = formats.locale_of("en")
    assert formats.quantity(Decimal("12.000000000000"), english) == "12"
    largest = Decimal("123456789012345678.123456789012")
    assert formats.quantity(largest, english) == "123,456,789,012,345,678.123456789012"


def test_rates_are_percentages_each_once() -> None:
    rates = [Decimal("8.250000"), Decimal(19), Decimal("8.25")]
    assert formats.percentages(rates, formats.locale_of("en")) == "8.25%, 19%"
    assert formats.percentage(Decimal("0.000001"), formats.locale_of("de")) == "0,000001\xa0%"


def test_a_period_is_written_by_its_first_and_last_day() -> None:
    english = formats.locale_of("en")
    assert formats.days(date(2026, 1, 1), date(2026, 1, 31), english) == "Jan 1, 2026 – Jan 31, 2026"
    assert formats.days(date(2026, 1, 1), date(2026, 1, 1), english) == "Jan 1, 2026"
    assert formats.days(None, None, english) == ""


@pytest.mark.parametrize("tag", ["", "xx", "tlh-KLINGON", "de_XX_YY_ZZ", "../en", "en\x00"])
def test_a_tag_that_nobody_knows_is_english(tag: str) -> None:
    assert formats.locale_of(tag).language == "en"


def test_a_currency_without_minor_units_is_refused() -> None:
    with pytest.raises(money.UnknownCurrency):
        formats.amount(1, "XAU", formats.locale_of("en"))


def test_every_language_of_the_house_is_a_locale() -> None:
    assert {"en", "de", "fr", "es", "it", "nl", "pl", "pt", "ar", "he", "ja", "zh"} <= languages()
    assert all(formats.locale_of(name).language == name.partition("_")[0] for name in languages())
