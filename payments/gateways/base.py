"""What a gateway is to us: four questions, and answers that never raise.

Whatever goes wrong on the way (no connection, a time-out, a 500, nonsense in the body) is the answer `unknown`: money
may have moved, and nobody may guess.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core import errors
from payments.cards import Card
from payments.gateways.amounts import Rules


class CardDeclined(errors.Invalid):
    code = "card_declined"
    title = "The card was declined."


class TokenUnknown(errors.Invalid):
    code = "payment_token_unknown"
    title = "The gateway does not know this token; docs/test-cards.md tells the sandbox's."


class GatewaySilent(errors.Unavailable):
    """Whether the gateway has acted is not known."""

    code = "gateway_silent"
    title = "The gateway does not answer. What was asked of it is being looked after."


class Result(StrEnum):
    """How a gateway answered. The values are states of an attempt."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One answer: the gateway's own id in `reference`, why it failed or is unknown in `code`, amounts as it says."""

    result: Result
    reference: str = ""
    code: str = ""
    amount_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class ChargeRequest:
    """Take money. `key` is the idempotency key: the same key never takes it twice."""

    key: str
    amount_minor: int
    currency: str
    token: str = field(repr=False)
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    """Give money of an earlier charge back. `charge` is the gateway's reference of that charge."""

    key: str
    amount_minor: int
    currency: str
    charge: str


@dataclass(frozen=True, kw_only=True)
class Attached:
    """What may be kept of a card: the gateway's token for it and what a person recognizes it by."""

    token: str = field(repr=False)
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str


class Gateway(Protocol):
    """A payment service provider. Never called inside a transaction, except `attach` of the sandbox.

    It is asked in the ledger's minor units; `amounts` says how it writes them, and which it cannot charge.
    """

    name: str
    amounts: Rules

    def charge(self, request: ChargeRequest) -> Outcome: ...

    def refund(self, request: RefundRequest) -> Outcome: ...

    def lookup(self, key: str) -> Outcome | None:
        """This function will answer what became of a key; None when the gateway has definitely never acted on it."""
        ...

    def attach(self, source: Card | str, *, key: str, now: datetime) -> Attached:
        """This function will exchange a card, or a token made by the gateway's own form, for a reusable token.

        `key` is the idempotency key: the same key never makes a second token.

        :raises CardDeclined: the card cannot be attached.
        :raises TokenUnknown: there is no such token.
        :raises GatewaySilent: whatever went wrong on the way.
        """
        ...

    def find_attached(self, key: str) -> Attached | None:
        """This function will answer which token was made with a key; None when the gateway has never made one.

        :raises GatewaySilent: whatever went wrong on the way.
        """
        ...


def unknown(code: str) -> Outcome:
    """This function will return the answer for everything that is no answer."""
    return Outcome(result=Result.UNKNOWN, code=code)
