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
PROMOTIONS = "promotions"

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


def stored_value(*, amount_minor: int) -> list[Entry]:
    """Debit wallet liability, credit receivable. This function will return the entries of an invoice paid from lots."""
    return _entries((WALLET_LIABILITY, amount_minor), (RECEIVABLE, -amount_minor))


def credit_note(
    *,
    kind: str,
    net_minor: int,
    tax_minor: int,
    due_minor: int = 0,
    refund_minor: int = 0,
    wallet_minor: int = 0,
    out_of_band_minor: int = 0,
) -> list[Entry]:
    """Debit what an invoice of a kind earned and its tax; credit where the sum went.

    This function will return the entries of a credit note: off the receivables, to be refunded, owed in the wallet, or
    paid out of band. The refund itself has its own journal.

    :raises KeyError: for an unknown kind.
    """
    return _merged(
        (EARNS[kind], net_minor),
        (TAX_PAYABLE, tax_minor),
        (RECEIVABLE, -due_minor),
        (REFUNDS, -refund_minor),
        (WALLET_LIABILITY, -wallet_minor),
        (CASH, -out_of_band_minor),
    )


def write_off(*, amount_minor: int) -> list[Entry]:
    """Debit write-offs, credit receivable. This function will return the entries of a debt that is given up."""
    return _entries((WRITE_OFFS, amount_minor), (RECEIVABLE, -amount_minor))


def recovery(*, amount_minor: int) -> list[Entry]:
    """The mirror of a write-off. This function will return the entries of a debt that is paid after all."""
    return reversal(write_off(amount_minor=amount_minor))


def promotion(*, amount_minor: int) -> list[Entry]:
    """Debit promotions, credit wallet liability. This function will return the entries of value given for nothing."""
    return _entries((PROMOTIONS, amount_minor), (WALLET_LIABILITY, -amount_minor))


def wallet_debit(*, amount_minor: int) -> list[Entry]:
    """Debit wallet liability, credit revenue. This function will return the entries of value used without invoice."""
    return _entries((WALLET_LIABILITY, amount_minor), (REVENUE, -amount_minor))


def wallet_expiry(*, amount_minor: int, is_promotional: bool) -> list[Entry]:
    """Debit wallet liability; credit revenue, or promotions for what had been given for nothing.

    This function will return the entries of value that nobody used in time.
    """
    return _entries((WALLET_LIABILITY, amount_minor), (PROMOTIONS if is_promotional else REVENUE, -amount_minor))


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


def _merged(*sides: tuple[str, int]) -> list[Entry]:
    """One entry per account: value sold for a wallet and put back into it moves nothing there."""
    sums: dict[str, int] = {}
    for account, amount in sides:
        sums[account] = sums.get(account, 0) + amount
    return _entries(*sums.items())
