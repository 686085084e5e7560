"""Card numbers: what can be known of one without asking anybody, and what may be kept of it."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from core import errors

_DIGITS = re.compile(r"[0-9]{12,19}", re.ASCII)
_CVC = re.compile(r"[0-9]{3,4}", re.ASCII)
_BRANDS = (
    ("visa", re.compile(r"4")),
    ("mastercard", re.compile(r"5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)")),
    ("amex", re.compile(r"3[47]")),
    ("discover", re.compile(r"6(011|5|4[4-9])")),
    ("jcb", re.compile(r"35(2[89]|[3-8])")),
    ("unionpay", re.compile(r"62")),
)


class CardNumberInvalid(errors.Invalid):
    code = "card_number_invalid"
    title = "The card number is not valid."


class CardExpired(errors.Invalid):
    code = "card_expired"
    title = "The card has expired."


class CardDataInvalid(errors.Invalid):
    code = "card_data_invalid"
    title = "The expiry or the security code of the card is not valid."


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card as its holder types it in. Lives in memory only; its representation shows nothing of it."""

    number: str = field(repr=False)
    exp_month: int = field(repr=False)
    exp_year: int = field(repr=False)
    cvc: str = field(repr=False)

    @property
    def digits(self) -> str:
        """The number without the blanks and dashes people put between its groups."""
        return re.sub(r"[ -]", "", self.number)

    @property
    def last4(self) -> str:
        return self.digits[-4:]

    @property
    def brand(self) -> str:
        return next((name for name, prefix in _BRANDS if prefix.match(self.digits)), "unknown")


def luhn(digits: str) -> bool:
    """This function will tell whether the last of the digits is the check digit of the others (ISO/IEC 7812)."""
    doubled = "0246813579"
    total = sum(int(one) if place % 2 == 0 else int(doubled[int(one)]) for place, one in enumerate(reversed(digits)))
    return total % 10 == 0


def check(card: Card, *, now: datetime) -> None:
    """This function will pass a card that can exist and has not expired; a card is good to the end of its month.

    :raises CardNumberInvalid: wrong length, other characters than digits, or a wrong check digit.
    :raises CardExpired: its last month is over at `now`.
    :raises CardDataInvalid: no such month, a year no card is made for, or a security code that is none.
    """
    if not _DIGITS.fullmatch(card.digits) or not luhn(card.digits):
        raise CardNumberInvalid
    if not 1 <= card.exp_month <= 12 or not 2000 <= card.exp_year <= now.year + 50 or not _CVC.fullmatch(card.cvc):
        raise CardDataInvalid
    if (card.exp_year, card.exp_month) < (now.year, now.month):
        raise CardExpired
