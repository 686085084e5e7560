"""Which accounts each business event moves; every template sums to zero for every amount."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from billing import postings
from billing.models import Account, Invoice
from billing.postings import Entry

AMOUNTS = some.integers(min_value=1, max_value=10**12)


def test_an_invoice_debits_receivable_and_credits_net_and_tax() -> None:
    assert postings.invoice(kind="one_off", total_minor=1190, tax_minor=190) == [
        Entry(account="receivable", amount_minor=1190),
        Entry(account="revenue", amount_minor=-1000),
        Entry(account="tax_payable", amount_minor=-190),
    ]


def test_an_invoice_of_nothing_has_no_entries() -> None:
    assert postings.invoice(kind="one_off", total_minor=0, tax_minor=0) == []


def test_every_kind_of_invoice_has_its_account() -> None:
    assert set(postings.EARNS) == set(Invoice.Kind.values)


def test_every_account_of_the_templates_is_an_account() -> None:
    named = {value for name, value in vars(postings).items() if name.isupper() and isinstance(value, str)}
    assert named == set(Account.Code.values)


@given(total=AMOUNTS, share=some.integers(min_value=0, max_value=100), kind=some.sampled_from(sorted(postings.EARNS)))
def test_an_invoice_balances(total: int, share: int, kind: str) -> None:
    assert postings.balances(postings.invoice(kind=kind, total_minor=total, tax_minor=total * share // 100))


@given(amount=AMOUNTS, share=some.integers(min_value=0, max_value=100))
def test_a_payment_balances_whatever_the_invoice_takes(amount: int, share: int) -> None:
    assert postings.balances(postings.payment(amount_minor=amount, taken_minor=amount * share // 100))


@given(amount=AMOUNTS)
def test_refunds_and_gifts_balance(amount: int) -> None:
    assert postings.balances(postings.refund(amount_minor=amount))
    assert postings.balances(postings.gift_recognized(amount_minor=amount))
    assert postings.balances(postings.gift_returned(amount_minor=amount))


@given(amount=AMOUNTS)
def test_a_reversal_and_its_journal_leave_nothing(amount: int) -> None:
    entries = postings.invoice(kind="gift", total_minor=amount, tax_minor=0)
    mirrored = postings.reversal(entries)
    pairs = zip(entries, mirrored, strict=True)
    left = {one.account: one.amount_minor + other.amount_minor for one, other in pairs}
    assert left == {"receivable": 0, "gift_liability": 0}


@pytest.mark.parametrize("entries", [
    [],
    [Entry(account="cash", amount_minor=0), Entry(account="revenue", amount_minor=0)],
    [Entry(account="cash", amount_minor=1)],
    [Entry(account="cash", amount_minor=2), Entry(account="revenue", amount_minor=-1)],
])  # fmt: skip
def test_what_does_not_balance_is_no_journal(entries: list[Entry]) -> None:
    assert not postings.balances(entries)
