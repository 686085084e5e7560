"""The sandbox gateway, as a client of the small payment service in `sandbox_book`."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from payments import cards
from payments.cards import Card
from payments.gateways import amounts, sandbox_book, sandbox_cards
from payments.gateways.base import (
    Attached,
    CardDeclined,
    ChargeRequest,
    GatewaySilent,
    Outcome,
    RefundRequest,
    Result,
    TokenUnknown,
    unknown,
)


class NotATestCard(cards.CardNumberInvalid):
    code = "not_a_test_card"
    title = "The sandbox takes the published test cards only. Never type a real card number here."


class Sandbox:
    """Deterministic test cards, scripted faults, no money. See `sandbox_cards` for what each card does."""

    name = "sandbox"
    amounts = amounts.ISO

    def charge(self, request: ChargeRequest) -> Outcome:
        """This function will ask for money; a broken exchange is the answer `unknown`."""
        return _exchange(lambda: sandbox_book.charge(request))

    def refund(self, request: RefundRequest) -> Outcome:
        """This function will ask for money to be given back; a broken exchange is the answer `unknown`."""
        return _exchange(lambda: sandbox_book.refund(request))

    def lookup(self, key: str) -> Outcome | None:
        """This function will answer what became of a key; None when nothing was ever done under it."""
        response = sandbox_book.lookup(key)
        return None if response.status == 404 else _read(response)

    def attach(self, source: Card | str, *, key: str, now: datetime) -> Attached:
        """This function will return a token that behaves like the card, the same one for the same key.

        No money moves, so that tests may arrange cards inside a transaction; the house asks outside of any.

        :raises CardDeclined: the card says no to being attached.
        :raises TokenUnknown: the text is no `tok_<behavior>`.
        :raises payments.cards.CardNumberInvalid: or another refusal of a card that cannot be.
        :raises GatewaySilent: if the exchange was broken.
        """
        made = _attach_token(source, now=now) if isinstance(source, str) else _attach_card(source, now=now)
        try:
            return sandbox_book.keep_card(key, made)
        except (TimeoutError, ConnectionError) as broken:
            raise GatewaySilent from broken

    def find_attached(self, key: str) -> Attached | None:
        """This function will return the token that was made with a key, if one was."""
        return sandbox_book.find_card(key)


def _attach_card(card: Card, *, now: datetime) -> Attached:
    cards.check(card, now=now)
    name = sandbox_cards.CARDS.get(card.digits)
    if name is None:
        raise NotATestCard
    behavior = sandbox_cards.BEHAVIORS[name]
    if not behavior.attaches:
        raise CardDeclined(decline_code=behavior.declines)
    return Attached(
        token=sandbox_cards.token_for(name),
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        fingerprint=sandbox_cards.fingerprint(card.digits),
    )


def _attach_token(token: str, *, now: datetime) -> Attached:
    """This function will attach `tok_<behavior>`, a card checked elsewhere: what it declines, it declines later."""
    name = token.removeprefix("tok_")
    if name == token or name not in sandbox_cards.BEHAVIORS:
        raise TokenUnknown
    return Attached(
        token=sandbox_cards.token_for(name),
        brand="visa",
        last4="4242",
        exp_month=12,
        exp_year=now.year + 3,
        fingerprint=sandbox_cards.fingerprint(token),
    )


def _exchange(call: Callable[[], sandbox_book.Response]) -> Outcome:
    try:
        response = call()
    except TimeoutError:
        return unknown("timeout")
    except ConnectionError:
        return unknown("connection_lost")
    return _read(response)


def _read(response: sandbox_book.Response) -> Outcome:
    """This function will read an answer strictly: what is not understood completely is not known."""
    if response.status == 429:
        return unknown("rate_limited")
    if response.status == 404:
        return Outcome(result=Result.FAILED, code="payment_token_unknown")
    if response.status != 200:
        return unknown("gateway_error")
    try:
        answer = json.loads(response.body)
        return _outcome(answer)
    except (ValueError, KeyError, TypeError):
        return unknown("malformed_answer")


def _outcome(answer: dict[str, Any]) -> Outcome:
    return Outcome(
        result=Result(answer["status"]),
        reference=str(answer["id"]),
        code=str(answer["code"]),
        amount_minor=int(answer["amount"]),
        currency=str(answer["currency"]),
    )
