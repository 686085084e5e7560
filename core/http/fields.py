"""Fields that accept one form and no other: `"5"` is not a number, `1` is not a text, `"yes"` is not true."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from rest_framework import serializers

from core import errors, ids, money, periods

_BIGGEST = 2**63 - 1
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


class StrictInt(serializers.Field[int, Any, int, Any]):
    """An integer that fits a bigint, written as a JSON integer."""

    default_error_messages = {
        "not_an_integer": "An integer is needed.",
        "out_of_range": "The number must be from {low} to {high}.",
    }

    def __init__(self, *, min_value: int = -_BIGGEST, max_value: int = _BIGGEST, **options: Any) -> None:
        super().__init__(**options)
        self.min_value, self.max_value = min_value, max_value

    def to_internal_value(self, data: Any) -> int:
        """This function will accept an integer within the bounds."""
        if type(data) is Decimal and str(data).lstrip("-").isdigit():  # how the parser keeps digits beyond 64 bits
            self.fail("out_of_range", low=self.min_value, high=self.max_value)
        if type(data) is not int:
            self.fail("not_an_integer")
        if not self.min_value <= data <= self.max_value:
            self.fail("out_of_range", low=self.min_value, high=self.max_value)
        return int(data)

    def to_representation(self, value: Any) -> int:
        """This function will write the integer."""
        return int(value)


class Minor(StrictInt):
    """An amount of money in minor units of its currency."""

    def __init__(self, *, min_value: int = 0, **options: Any) -> None:
        super().__init__(min_value=min_value, **options)


class StrictBool(serializers.Field[bool, Any, bool, Any]):
    """`true` or `false`."""

    default_error_messages = {"not_a_boolean": "true or false is needed."}

    def to_internal_value(self, data: Any) -> bool:
        """This function will accept a JSON boolean."""
        if type(data) is not bool:
            self.fail("not_a_boolean")
        return bool(data)

    def to_representation(self, value: Any) -> bool:
        """This function will write the boolean."""
        return bool(value)


class StrictString(serializers.Field[str, Any, str, Any]):
    """Text of 1 to `max_length` characters that can be seen; `multiline` text may hold line breaks and tabs."""

    default_error_messages = {
        "not_a_string": "A text is needed.",
        "blank": "The text may not be empty.",
        "too_long": "The text may have at most {max_length} characters.",
        "invalid_characters": "The text holds characters that cannot be seen.",
        "invalid_format": "The text does not have the required form.",
    }

    def __init__(
        self,
        *,
        max_length: int = 255,
        allow_blank: bool = False,
        multiline: bool = False,
        pattern: str = "",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.max_length, self.allow_blank, self.multiline = max_length, allow_blank, multiline
        self.pattern = re.compile(pattern, re.ASCII) if pattern else None

    def to_internal_value(self, data: Any) -> str:
        """This function will accept a text and return it without surrounding spaces."""
        if type(data) is not str:
            self.fail("not_a_string")
        text = data.strip()
        if len(data) > self.max_length:
            self.fail("too_long", max_length=self.max_length)
        if any(self._is_hidden(character) for character in data):
            self.fail("invalid_characters")
        self._check_content(text)
        return str(text)

    def _check_content(self, text: str) -> None:
        if not text and not self.allow_blank:
            self.fail("blank")
        if text and all(unicodedata.category(character) in ("Cf", "Mn", "Zs") for character in text):
            self.fail("invalid_characters")
        if text and self.pattern is not None and not self.pattern.fullmatch(text):
            self.fail("invalid_format")

    def _is_hidden(self, character: str) -> bool:
        if self.multiline and character in "\n\r\t":
            return False
        return unicodedata.category(character) in ("Cc", "Cs") or character in _BIDI or character in "\u2028\u2029"

    def to_representation(self, value: Any) -> str:
        """This function will write the text."""
        return str(value)


class Email(StrictString):
    """An e-mail address, at most 254 characters, with its domain in lower case."""

    default_error_messages = {"invalid_email": "This is not an e-mail address."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        """This function will accept an address as Django's validator knows it."""
        text = super().to_internal_value(data)
        try:
            validate_email(text)
        except DjangoValidationError:
            self.fail("invalid_email")
        local, _, domain = text.rpartition("@")
        return f"{local}@{domain.lower()}"


class PublicId(serializers.Field[UUID, Any, str, Any]):
    """`sub_01h4…` outside, a UUID inside. For writing give `source="customer_id"`."""

    default_error_messages = {"invalid_id": "This is not an id that starts with {prefix}_."}

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(**options)
        self.prefix = prefix

    def to_internal_value(self, data: Any) -> UUID:
        """This function will accept exactly the public form with this prefix."""
        try:
            return ids.decode(self.prefix, data if type(data) is str else "")
        except errors.NotFound:
            self.fail("invalid_id", prefix=self.prefix)

    def to_representation(self, value: Any) -> str:
        """This function will write a UUID in its public form; a text is written as it is."""
        return ids.encode(self.prefix, value) if isinstance(value, UUID) else str(value)


class Instant(serializers.Field[datetime, Any, str, Any]):
    """A moment as RFC 3339 with an offset; UTC inside and in answers."""

    default_error_messages = {
        "invalid_instant": "A moment such as 2026-01-31T12:00:00Z is needed.",
        "offset_required": "The moment needs an offset, such as Z or +02:00.",
    }

    def to_internal_value(self, data: Any) -> datetime:
        """This function will accept a moment with an offset."""
        match = _INSTANT.fullmatch(data) if type(data) is str else None
        if match is None:
            self.fail("invalid_instant")
        if match[2] is None:
            self.fail("offset_required")
        try:
            return datetime.fromisoformat(data.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid_instant")

    def to_representation(self, value: Any) -> str:
        """This function will write the moment in UTC."""
        moment = value if value.tzinfo is UTC else value.astimezone(UTC)
        return f"{moment.isoformat()[:-6]}Z"


class LocalDate(serializers.Field[date, Any, str, Any]):
    """A calendar date such as `2026-01-31`."""

    default_error_messages = {"invalid_date": "A date such as 2026-01-31 is needed."}

    def to_internal_value(self, data: Any) -> date:
        """This function will accept a date that exists."""
        if type(data) is not str or not _DATE.fullmatch(data):
            self.fail("invalid_date")
        try:
            return date.fromisoformat(data)
        except ValueError:
            self.fail("invalid_date")

    def to_representation(self, value: Any) -> str:
        """This function will write the date."""
        return str(value.isoformat())


class DecimalText(serializers.Field[Decimal, Any, str, Any]):
    """An exact decimal as text (`"0.0125"`); a JSON number is read by its text, never as a binary float."""

    default_error_messages = {
        "not_a_decimal": 'A decimal number such as "12.5" is needed.',
        "too_precise": "At most {decimal_places} decimal places are possible.",
        "out_of_range": "The number is out of range.",
    }

    def __init__(
        self,
        *,
        max_digits: int,
        decimal_places: int,
        min_value: Decimal | int | None = 0,
        max_value: Decimal | int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.max_digits, self.decimal_places = max_digits, decimal_places
        self.min_value, self.max_value = min_value, max_value

    def to_internal_value(self, data: Any) -> Decimal:
        """This function will accept digits with an optional fraction that fit the column exactly."""
        if type(data) not in (str, int, Decimal):
            self.fail("not_a_decimal")
        text = str(data)
        if not _DECIMAL.fullmatch(text) or (text.startswith("-") and not text.strip("-0.")):
            self.fail("not_a_decimal")
        if len(text.partition(".")[2].rstrip("0")) > self.decimal_places:
            self.fail("too_precise", decimal_places=self.decimal_places)
        return self._bounded(Decimal(text))

    def _bounded(self, number: Decimal) -> Decimal:
        too_small = self.min_value is not None and number < self.min_value
        too_large = self.max_value is not None and number > self.max_value
        if too_small or too_large or abs(number) >= Decimal(10) ** (self.max_digits - self.decimal_places):
            self.fail("out_of_range")
        return number

    def to_representation(self, value: Any) -> str:
        """This function will write the number without an exponent and without zeros that say nothing."""
        text = format(Decimal(value), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text


class Quantity(DecimalText):
    """How many of something: from 0, at most nine decimal places."""

    def __init__(self, *, max_digits: int = 24, decimal_places: int = 9, **options: Any) -> None:
        super().__init__(max_digits=max_digits, decimal_places=decimal_places, **options)


class Choice(serializers.Field[str, Any, str, Any]):
    """One of a few words, written exactly so."""

    default_error_messages = {"not_a_choice": "One of {choices} is needed."}

    def __init__(self, choices: Iterable[Any], **options: Any) -> None:
        super().__init__(**options)
        # `TextChoices.choices` are pairs, plain words are not.
        self.words = tuple(str(one[0] if isinstance(one, tuple) else one) for one in choices)

    def to_internal_value(self, data: Any) -> str:
        """This function will accept one of the words."""
        if type(data) is not str or data not in self.words:
            self.fail("not_a_choice", choices=", ".join(self.words))
        return str(data)

    def to_representation(self, value: Any) -> str:
        """This function will write the word."""
        return str(getattr(value, "value", value))


class Currency(serializers.Field[str, Any, str, Any]):
    """An ISO 4217 code in upper case."""

    default_error_messages = {"unknown_currency": "This is not an ISO 4217 currency with minor units."}

    def to_internal_value(self, data: Any) -> str:
        """This function will accept a code that money can be in."""
        try:
            money.exponent(data if type(data) is str else "")
        except money.UnknownCurrency:
            self.fail("unknown_currency")
        return str(data)

    def to_representation(self, value: Any) -> str:
        """This function will write the code."""
        return str(value)


class Timezone(serializers.Field[str, Any, str, Any]):
    """An IANA time zone such as `Europe/Berlin`."""

    default_error_messages = {"unknown_timezone": "This is not an IANA time zone."}

    def to_internal_value(self, data: Any) -> str:
        """This function will accept the name of a zone."""
        try:
            periods.zone(data if type(data) is str else "")
        except periods.UnknownTimezone:
            self.fail("unknown_timezone")
        return str(data)

    def to_representation(self, value: Any) -> str:
        """This function will write the name."""
        return str(value)


class Metadata(serializers.Field[dict[str, str], Any, dict[str, str], Any]):
    """Up to 50 pairs of texts that the client keeps with a resource: keys to 40, values to 500 characters."""

    default_error_messages = {
        "object_expected": "An object of texts is needed.",
        "too_many_items": "At most 50 entries are possible.",
        "invalid_entry": "Keys have 1 to 40 characters, values are texts of at most 500.",
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """This function will accept an object whose values are texts."""
        if not isinstance(data, dict):
            self.fail("object_expected")
        if len(data) > 50:
            self.fail("too_many_items")
        for key, value in data.items():
            if not 1 <= len(key) <= 40 or type(value) is not str or len(value) > 500:
                self.fail("invalid_entry")
        return dict(data)

    def to_representation(self, value: Any) -> dict[str, str]:
        """This function will write the pairs."""
        return dict(value)
