"""Credit notes and promotions that a person asks for; above the limit another person approves them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import services as accounts
from accounts.services import Amount, Approvable, PendingApproval, Wish
from billing.models import CreditNote, WalletLot
from billing.services._credit_notes import issue_credit_note
from billing.services._wallets import grant_promotion
from core import ids
from core.actor import Actor

CREDIT, GRANT = "billing.credit_note", "billing.wallet_grant"


def credit_or_ask(
    *, invoice_id: UUID, reason: str, key: str, actor: Actor, now: datetime,
    lines: Sequence[tuple[UUID, int | None]] | None = None, amount_minor: int | None = None, memo: str = "",
    settle: str = "",
) -> CreditNote | PendingApproval:  # fmt: skip
    """This function will take an invoice back as `issue_credit_note` does, or ask for it above the actor's limit."""
    invoice = ids.encode("inv", invoice_id)
    named = None if lines is None else [[str(line), amount] for line, amount in lines]
    arguments = {
        "invoice": invoice, "reason": reason, "lines": named, "amount_minor": amount_minor, "memo": memo,
        "settle": settle,
    }  # fmt: skip
    wish = Wish(verb=CREDIT, arguments=arguments, target=invoice, reason=memo or reason)
    done: CreditNote | PendingApproval = accounts.do_or_ask(wish, key=key, actor=actor, now=now)
    return done


def grant_or_ask(
    *, wallet_id: UUID, amount_minor: int, key: str, actor: Actor, now: datetime, priority: int = 50,
    expires_at: datetime | None = None, effective_at: datetime | None = None, description: str = "",
) -> WalletLot | PendingApproval:  # fmt: skip
    """This function will give a customer value as `grant_promotion` does, or ask for it above the actor's limit."""
    wallet = ids.encode("wal", wallet_id)
    arguments = {
        "wallet": wallet, "amount_minor": amount_minor, "priority": priority, "expires_at": _written(expires_at),
        "effective_at": _written(effective_at), "description": description,
    }  # fmt: skip
    wish = Wish(verb=GRANT, arguments=arguments, target=wallet, reason=description)
    done: WalletLot | PendingApproval = accounts.do_or_ask(wish, key=key, actor=actor, now=now)
    return done


def _execute_credit(arguments: Mapping[str, Any], *, key: str, actor: Actor, now: datetime) -> CreditNote:
    named = arguments["lines"]
    return issue_credit_note(
        invoice_id=ids.decode("inv", arguments["invoice"]), reason=arguments["reason"], key=key, actor=actor, now=now,
        lines=None if named is None else [(UUID(line), amount) for line, amount in named],
        amount_minor=arguments["amount_minor"], memo=arguments["memo"], settle=arguments["settle"],
    )  # fmt: skip


def _execute_grant(arguments: Mapping[str, Any], *, key: str, actor: Actor, now: datetime) -> WalletLot:
    instants = {name: _read(arguments[name]) for name in ("expires_at", "effective_at")}
    return grant_promotion(
        wallet_id=ids.decode("wal", arguments["wallet"]), amount_minor=arguments["amount_minor"], key=key, actor=actor,
        now=now, priority=arguments["priority"], description=arguments["description"], **instants,
    )  # fmt: skip


def _measure_credit(note: CreditNote) -> Amount:
    return Amount(minor=note.total_minor, currency=note.currency, result=note.public_id)


def _measure_grant(lot: WalletLot) -> Amount:
    return Amount(minor=lot.amount_minor, currency=lot.wallet.currency, result=lot.public_id)


def _written(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


accounts.approvable(Approvable(name=CREDIT, execute=_execute_credit, measure=_measure_credit))
accounts.approvable(Approvable(name=GRANT, execute=_execute_grant, measure=_measure_grant))
