"""Refunds that a person asks for; above the limit another person approves them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import services as accounts
from accounts.services import Amount, Approvable, PendingApproval, Wish
from core import ids
from core.actor import Actor
from payments.models import Refund
from payments.services._refunds import refund_payment

VERB = "payments.refund"


def refund_or_ask(
    *, payment_id: UUID, amount_minor: int | None, reason: str, actor: Actor, now: datetime, key: str = ""
) -> Refund | PendingApproval:
    """This function will have money given back as `refund_payment` does, or ask for it above the actor's limit."""
    payment = ids.encode("pay", payment_id)
    wish = Wish(
        verb=VERB, arguments={"payment": payment, "amount_minor": amount_minor, "reason": reason}, target=payment,
        reason=reason,
    )  # fmt: skip
    done: Refund | PendingApproval = accounts.do_or_ask(wish, key=key, actor=actor, now=now)
    return done


def _execute(arguments: Mapping[str, Any], *, key: str, actor: Actor, now: datetime) -> Refund:
    return refund_payment(
        payment_id=ids.decode("pay", arguments["payment"]), amount_minor=arguments["amount_minor"],
        reason=arguments["reason"], actor=actor, now=now, key=key,
    )  # fmt: skip


def _measure(refund: Refund) -> Amount:
    return Amount(minor=refund.amount_minor, currency=refund.currency, result=refund.public_id)


accounts.approvable(Approvable(name=VERB, execute=_execute, measure=_measure))
