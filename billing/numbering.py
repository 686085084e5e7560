"""The numbers of documents: which counter an instant belongs to, and how a number is written."""

from datetime import datetime
from string import Formatter

from core import errors

# Each series, and how it writes its numbers until somebody decides otherwise.
SERIES = {"invoice": "INV-{yyyy}{mm}-{seq:05}", "credit_note": "CN-{yyyy}{mm}-{seq:05}"}

_FIELDS = frozenset({"yyyy", "mm", "seq"})
_NEEDED = {"never": {"seq"}, "yearly": {"seq", "yyyy"}, "monthly": {"seq", "yyyy", "mm"}}
_LONGEST = 60


class NumberFormatInvalid(errors.Invalid):
    code = "number_format_invalid"
    title = "The number format cannot be used."


def bucket(reset: str, at: datetime) -> str:
    """The counter an instant counts on.

    This function will return `all`, a year (`2026`) or a year and month (`2026-01`) of an instant in UTC.
    """
    return {"never": "all", "yearly": f"{at:%Y}", "monthly": f"{at:%Y-%m}"}[reset]


def number(pattern: str, *, sequence: int, at: datetime) -> str:
    """This function will write a number such as `INV-202601-00001` of a checked pattern, with an instant in UTC."""
    return pattern.format(yyyy=f"{at:%Y}", mm=f"{at:%m}", seq=sequence)


def check(pattern: str, *, reset: str) -> None:
    """This function will accept a pattern that makes every number of a series different.

    :raises NumberFormatInvalid: it has unknown fields, lacks what tells two counters apart, or writes too much.
    """
    try:
        fields = [name for _, name, _, _ in Formatter().parse(pattern) if name is not None]
        # Exact names only: a field such as `{seq.__class__}` would reach into the objects behind it.
        known = set(fields) <= _FIELDS and _NEEDED[reset] <= set(fields)
        written = pattern.format(yyyy="2026", mm="01", seq=10**12) if known else ""
    except (ValueError, KeyError, IndexError):
        raise NumberFormatInvalid(pattern=pattern[:_LONGEST]) from None
    if not written or len(written) > _LONGEST:
        raise NumberFormatInvalid(pattern=pattern[:_LONGEST])
