"""What a payment webhook says, read strictly from its raw bytes."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from core import errors, money
from payments.gateways.base import Result

_EVENT_ID = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_WORDS: Final = {
    "success": Result.SUCCEEDED,
    "succeeded": Result.SUCCEEDED,
    "paid": Result.SUCCEEDED,
    "failed": Result.FAILED,
    "failure": Result.FAILED,
    "declined": Result.FAILED,
    "pending": Result.PENDING,
    "processing": Result.PENDING,
    "requires_action": Result.REQUIRES_ACTION,
}


class MalformedNotice(ValueError):
    """The bytes are no event: not JSON, not an object, or without a usable id."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One event. `attempt` and `payment` are public ids as given, `amount_minor` None where no amount is named."""

    event_id: str
    result: Result
    attempt: str = ""
    payment: str = ""
    code: str = ""
    amount_minor: int | None = None
    currency: str = ""

    @property
    def is_known(self) -> bool:
        """Whether its status is a word we know."""
        return self.result is not Result.UNKNOWN

    @property
    def names_something(self) -> bool:
        return bool(self.attempt or self.payment)


def read(body: bytes) -> Notice:
    """This function will return what a body says.

    :raises MalformedNotice: for anything that is not an event.
    """
    document = _document(body)
    event_id = document.get("event_id")
    if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
        raise MalformedNotice("event_id")
    currency = _text(document, "currency").upper()
    return Notice(
        event_id=event_id,
        result=_WORDS.get(_text(document, "status").lower(), Result.UNKNOWN),
        attempt=_text(document, "attempt"),
        payment=_text(document, "payment"),
        code=_text(document, "code"),
        amount_minor=_amount(document, currency),
        currency=currency,
    )


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode(), parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise MalformedNotice("json") from None
    if not isinstance(document, dict):
        raise MalformedNotice("object")
    return document


def _refuse(constant: str) -> Any:
    raise MalformedNotice(constant)


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name, "")
    if not isinstance(value, str) or len(value) > 60 or "\x00" in value:
        raise MalformedNotice(name)
    return value


def _amount(document: dict[str, Any], currency: str) -> int | None:
    """This function will return the amount in minor units, given as such or, as older senders do, in major ones."""
    minor, major = document.get("amount_minor"), document.get("amount")
    if minor is not None:
        if isinstance(minor, bool) or not isinstance(minor, int):
            raise MalformedNotice("amount_minor")
        return minor
    if major is None:
        return None
    if isinstance(major, bool) or not isinstance(major, int | Decimal):
        raise MalformedNotice("amount")
    try:
        exact = money.to_minor(Decimal(major), currency)
    except (errors.Invalid, ArithmeticError):
        raise MalformedNotice("amount") from None
    if money.to_major(exact, currency) != major:
        raise MalformedNotice("amount")
    return exact
