"""Values that no field of a kind may accept, by the field: rows 29 to 81 of the catalogue."""

from typing import Any

from rest_framework import serializers as framework

from core.http import fields

HUGE = 10**30
HIDDEN = ("\u0000", "\ud800", "\u200b", "a\u202eb", "a\u0007b", "\u2066a")
IDS = (
    "5", "", "urn:uuid:0190b3c4-0000-7000-8000-000000000000", "{0190b3c4-0000-7000-8000-000000000000}",
    "0190b3c4-0000-7000-8000-000000000000", "\u0663",
)  # fmt: skip
INSTANTS = (
    "2026-03-29T02:30:00", "2026-03-29", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:01:00Z",
    "2026-01-01T00:00:00+25:00", "2026-W01-1T00:00:00Z", "yesterday", "1767225600", "\u0662026-01-01T00:00:00Z",
)  # fmt: skip
DECIMALS = (
    "-0", "1e3", "1_000", "\u0661\u0662", "1E+1000000", "9" * 5000, "1,000.00", "$5", "NaN", "Infinity", "-Infinity",
    "+1", "0x10", " 1", "1.", ".5", "", "1.0000000000000000001",
)  # fmt: skip
EMAILS = ("a", "a@", "@b.example", "a b@c.example", "a@b..example", "a\n@b.example", "a@b.example\r\nBcc: c@d.example")
WORDS = ("A MOST UNLIKELY WORD", "", " ", "null")


def of(field: Any) -> list[Any]:
    """This function will return values of every wrong kind for a field; each must be refused."""
    found = next((_KINDS[kind](field) for kind in type(field).__mro__ if kind in _KINDS), ["text", 5])
    nulls = [] if field.allow_null else [None]
    return [*found, *nulls]


def containers(field: Any) -> list[Any]:
    """This function will return what is no object, or no list, where one of them is needed."""
    if isinstance(field, (framework.ListField, framework.ListSerializer)):
        most = getattr(field, "max_length", None)
        return ["text", {"0": 1}, 5, True] + ([[None] * (most + 1)] if most and most <= 1000 else [])
    return ["text", [], 5, True]


def _text(field: Any) -> list[Any]:
    hidden = [one for one in HIDDEN if one not in ("\u0000", "\ud800")]
    breaks = [] if field.multiline else ["a\r\nb"]
    long, blank = "x" * (field.max_length + 1), [] if field.allow_blank else ["", "   "]
    shapes = ["\u00e4 !!"] if field.pattern is not None else []
    return [5, 1.5, True, [], {}, *hidden, *breaks, long, *blank, *shapes]


def _integer(field: Any) -> list[Any]:
    return ["5", "\u0663", "1_0", True, 1.5, [], {}, HUGE, -HUGE, field.min_value - 1, field.max_value + 1]


def _decimal(field: Any) -> list[Any]:
    below = [] if field.min_value is None else ["-1", -1]
    return [True, [], {}, *DECIMALS, *below, HUGE * 10**30]


_KINDS: dict[type, Any] = {
    fields.Email: lambda _: [5, True, [], *EMAILS, f"{'a' * 250}@b.example"],
    fields.StrictString: _text,
    fields.StrictInt: _integer,
    fields.StrictBool: lambda _: ["yes", "true", 2, 0, [], {}],
    fields.PublicId: lambda field: [5, True, [], {}, *IDS, f"{field.prefix}_1", f"zzz_{'0' * 26}"],
    fields.Instant: lambda _: [5, True, [], *INSTANTS],
    fields.LocalDate: lambda _: [5, True, "2026-02-30", "20260101", "2026-01-01T00:00:00Z"],
    fields.DecimalText: _decimal,
    fields.Choice: lambda field: [5, True, [], {}, *WORDS, f" {field.words[0]}", f"{field.words[0]}".upper() + "!"],
    fields.Currency: lambda _: [5, True, [], "usd", " USD", "ZZZ", "", "US", "\u0666"],
    fields.Timezone: lambda _: [5, True, [], "Mars/Phobos", "europe/berlin", "../etc/passwd", "", "+01:00"],
    fields.Metadata: lambda _: ["text", [], 5, {"a": 5}, {"a": {}}, {"": "b"}, {"a": "x" * 501}, {"a" * 41: "b"}],
    framework.DictField: lambda _: ["text", [], 5],
}
