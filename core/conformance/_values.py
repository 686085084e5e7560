"""Reading the values of a case strictly: what a case means must not depend on who reads it."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

# Far beyond every amount; a number with a million digits would only keep the machine busy.
_MOST_DIGITS: Final = 100


def decimal(value: Any) -> Decimal:
    """A decimal number, written as text: a JSON number would have passed through binary already.

    This function will answer exactly the digits that are written.

    :raises ValueError: it is not text, not a finite number, or longer than any amount.
    """
    text = value if isinstance(value, str) else ""
    # Python's own constructor also takes spaces, underscores and the digits of every script.
    if not text.isascii() or set(text) - set("+-.0123456789eE"):
        raise ValueError(f"{value!r} is not a decimal written as text")
    try:
        found = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"{value!r} is not a decimal written as text") from None
    if max(abs(found.adjusted()), abs(int(found.as_tuple().exponent))) > _MOST_DIGITS:
        raise ValueError(f"{value!r} has more than {_MOST_DIGITS} digits")
    return found


def whole(value: Any) -> int:
    """Minor units, or a count. This function will answer the integer.

    :raises ValueError: it is not an integer: a fraction, text, true or false.
    """
    if type(value) is not int:
        raise ValueError(f"{value!r} is not an integer")
    return value


def instant(value: Any) -> datetime:
    """A moment as ISO 8601 with its offset, such as 2025-06-01T00:00:00Z. This function will answer it aware.

    :raises ValueError: it is not such a text, or has no offset.
    """
    found = datetime.fromisoformat(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise ValueError(f"{value!r} is not a moment with an offset")
    return found


def choice(value: Any, *choices: str) -> str:
    """One of a few words. This function will answer it.

    :raises ValueError: it is none of them.
    """
    if value not in choices:
        raise ValueError(f"{value!r} is none of {', '.join(choices)}")
    return str(value)


def truth(value: Any) -> bool:
    """True or false. This function will answer it.

    :raises ValueError: it is neither: the text "false" would count as true.
    """
    if type(value) is not bool:
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def known(given: dict[str, Any], members: str) -> dict[str, Any]:
    """An object inside an input. This function will answer it, having read the names that it may have.

    :raises ValueError: it has another member, such as a misspelled `lines` that would change nothing.
    """
    if others := sorted(set(given) - set(members.split())):
        raise ValueError(f"no member may be called {', '.join(others)}")
    return given
