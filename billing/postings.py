"""Which accounts each business event moves, as data. A debit is positive, a credit negative; each list sums to zero."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

RECEIVABLE = "receivable"
CASH = "cash"
REVENUE = "revenue"
TAX_PAYABLE = "tax_payable"
WALLET_LIABILITY = "wallet_liability"
GIFT_LIABILITY = "gift_liability"
REFUNDS = "refunds"
WRITE_OFFS = "write_offs"

# What an invoice earns when it is issued. Money for a gift or a top-up is owed until it is used.
EARNS = {
    "subscription_cycle": REVENUE,
    "subscription_change": REVENUE,
    "one_off": REVENUE,
    "gift": GIFT_LIABILITY,
    "top_up": WALLET_LIABILITY,
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One side of a journal: minor units in the journal's one currency on the account of a code."""

    account: str
    amount_minor: int


def invoice(*, kind: str, total_minor: int, tax_minor: int) -> list[Entry]:
    """Debit receivable with the total; credit what it earns with the net, and tax payable with the tax.

    This function will return no entries for an invoice of nothing.

    :raises KeyError: for an unknown kind.
    """
    return _entries((RECEIVABLE, total_minor), (EARNS[kind], tax_minor - total_minor), (TAX_PAYABLE, -tax_minor))


def payment(*, amount_minor: int, taken_minor: int) -> list[Entry]:
    """Debit cash; credit receivable with what the invoice took, and owe the customer the rest.

    This function will return the entries of money that arrived.
    """
    return _entries((CASH, amount_minor), (RECEIVABLE, -taken_minor), (WALLET_LIABILITY, taken_minor - amount_minor))


def refund(*, amount_minor: int) -> list[Entry]:
    """Debit refunds, credit cash. This function will return the entries of money that went back."""
    return _entries((REFUNDS, amount_minor), (CASH, -amount_minor))


def gift_recognized(*, amount_minor: int) -> list[Entry]:
    """Debit gift liability, credit revenue. This function will return the entries of a gift used or expired."""
    return _entries((GIFT_LIABILITY, amount_minor), (REVENUE, -amount_minor))


def gift_returned(*, amount_minor: int) -> list[Entry]:
    """Debit gift liability, credit refunds. This function will return the entries of a gift whose money went back.

    The refund itself has its own journal: what it put on the refunds was never earned, so it is taken off again.
    """
    return _entries((GIFT_LIABILITY, amount_minor), (REFUNDS, -amount_minor))


def reversal(entries: Iterable[Entry]) -> list[Entry]:
    """The exact mirror. This function will return every entry with its sign turned."""
    return [Entry(account=entry.account, amount_minor=-entry.amount_minor) for entry in entries]


def balances(entries: Sequence[Entry]) -> bool:
    """This function will tell whether entries make a journal: two at least, none of nothing, zero in sum."""
    return (
        len(entries) >= 2
        and all(entry.amount_minor for entry in entries)
        and sum(entry.amount_minor for entry in entries) == 0
    )


def _entries(*sides: tuple[str, int]) -> list[Entry]:
    return [Entry(account=account, amount_minor=amount) for account, amount in sides if amount]
