"""Answers about one customer's account over a period: what he owed, and what he had stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from billing.models import Account, Journal, Posting, WalletTransaction
from core import errors, ids

LONGEST: Final = timedelta(days=366)

_RECEIVABLE = Q(postings__account__code=Account.Code.RECEIVABLE)
_DEBIT = Q(postings__amount_minor__gt=0)


class StatementPeriodInvalid(errors.Invalid):
    code = "statement_period_invalid"
    title = "A statement ends after it starts and covers at most 366 days."


@dataclass(frozen=True, kw_only=True)
class StatementEntry:
    """A business event. `change_minor` is what it did to what the customer owes, `balance_minor` what he owed then."""

    at: datetime
    kind: str
    reference: str
    invoice_id: UUID | None
    number: str | None
    amount_minor: int
    change_minor: int
    balance_minor: int


@dataclass(frozen=True, kw_only=True)
class WalletEntry:
    """A movement of the wallet and the balance after it."""

    at: datetime
    kind: str
    transaction_id: UUID
    invoice_id: UUID | None
    description: str
    change_minor: int
    balance_minor: int


@dataclass(frozen=True, kw_only=True)
class WalletStatement:
    """The wallet over the period of a statement."""

    opening_minor: int
    closing_minor: int
    entries: tuple[WalletEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a customer owed in a currency over [starts_at, ends_at), in minor units; below zero the house owes him."""

    customer_id: UUID
    currency: str
    starts_at: datetime
    ends_at: datetime
    opening_minor: int
    closing_minor: int
    entries: tuple[StatementEntry, ...]
    wallet: WalletStatement

    @property
    def customer(self) -> str:
        """The customer's public id."""
        return ids.encode("cus", self.customer_id)


def get_statement(customer_id: UUID, currency: str, *, starts_at: datetime, ends_at: datetime) -> Statement:
    """This function will return a customer's statement, from the books and the wallet's transactions alone.

    Every invoice, payment, credit note, refund, write-off and use of stored value is an entry, also one that leaves
    what he owes as it was.

    :raises StatementPeriodInvalid: if the period is empty or longer than 366 days.
    """
    if not timedelta(0) < ends_at - starts_at <= LONGEST:
        raise StatementPeriodInvalid
    opening = _opening(customer_id, currency, starts_at)
    entries = tuple(_entries(_journals(customer_id, currency, starts_at, ends_at), opening))
    return Statement(
        customer_id=customer_id, currency=currency, starts_at=starts_at, ends_at=ends_at, opening_minor=opening,
        closing_minor=entries[-1].balance_minor if entries else opening, entries=entries,
        wallet=_wallet(customer_id, currency, starts_at, ends_at),
    )  # fmt: skip


def _opening(customer_id: UUID, currency: str, before: datetime) -> int:
    owed = Posting.objects.filter(
        account__code=Account.Code.RECEIVABLE, account__currency=currency, journal__at__lt=before,
        journal__invoice__customer_id=customer_id,
    )  # fmt: skip
    return int(owed.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def _journals(customer_id: UUID, currency: str, starts_at: datetime, ends_at: datetime) -> Iterable[Journal]:
    within = Journal.objects.filter(
        invoice__customer_id=customer_id, invoice__currency=currency, at__gte=starts_at, at__lt=ends_at
    )
    moved = within.annotate(
        change_minor=Coalesce(Sum("postings__amount_minor", filter=_RECEIVABLE), 0),
        amount_minor=Sum("postings__amount_minor", filter=_DEBIT),
    )
    return moved.select_related("invoice").order_by("at", "id")


def _entries(journals: Iterable[Journal], balance: int) -> Iterable[StatementEntry]:
    for row in journals:
        change, amount = int(row.change_minor), int(row.amount_minor)  # type: ignore[attr-defined]
        balance += change
        yield StatementEntry(
            at=row.at, kind=row.kind, reference=row.reference, invoice_id=row.invoice_id,
            number=row.invoice.number if row.invoice else None, amount_minor=amount, change_minor=change,
            balance_minor=balance,
        )  # fmt: skip


def _wallet(customer_id: UUID, currency: str, starts_at: datetime, ends_at: datetime) -> WalletStatement:
    rows = WalletTransaction.objects.filter(wallet__customer_id=customer_id, currency=currency)
    opening = int(rows.filter(created_at__lt=starts_at).aggregate(sum=Sum("amount_minor"))["sum"] or 0)
    within = rows.filter(created_at__gte=starts_at, created_at__lt=ends_at).order_by("created_at", "id")
    entries = tuple(_wallet_entries(within, opening))
    closing = entries[-1].balance_minor if entries else opening
    return WalletStatement(opening_minor=opening, closing_minor=closing, entries=entries)


def _wallet_entries(rows: Iterable[WalletTransaction], balance: int) -> Iterable[WalletEntry]:
    for row in rows:
        balance += row.amount_minor
        yield WalletEntry(
            at=row.created_at, kind=row.kind, transaction_id=row.id, invoice_id=row.invoice_id,
            description=row.description, change_minor=row.amount_minor, balance_minor=balance,
        )  # fmt: skip
