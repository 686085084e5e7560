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


SOME = some.integers(min_value=0, max_value=10**12)
KINDS = some.sampled_from(sorted(postings.EARNS))


def sound(entries: list[Entry]) -> bool:
    """Whether they make a journal, or are nothing at all."""
    return not entries or postings.balances(entries)


@given(total=SOME, tax=SOME, kind=KINDS)
def test_every_template_of_an_invoice_sums_to_zero(total: int, tax: int, kind: str) -> None:
    assert sound(postings.invoice(kind=kind, total_minor=total + tax, tax_minor=tax))


@given(kind=KINDS, parts=some.lists(SOME, min_size=4, max_size=4), share=some.integers(min_value=0, max_value=100))
def test_every_template_of_a_credit_note_sums_to_zero(kind: str, parts: list[int], share: int) -> None:
    due, refund, wallet, out_of_band = parts
    tax = sum(parts) * share // 100
    entries = postings.credit_note(
        kind=kind, net_minor=sum(parts) - tax, tax_minor=tax, due_minor=due, refund_minor=refund, wallet_minor=wallet,
        out_of_band_minor=out_of_band,
    )  # fmt: skip
    assert sound(entries)
    assert len({entry.account for entry in entries}) == len(entries)


@given(amount=SOME, taken=SOME)
def test_every_template_of_a_payment_sums_to_zero(amount: int, taken: int) -> None:
    assert sound(postings.payment(amount_minor=amount, taken_minor=min(amount, taken)))


@given(amount=SOME, is_promotional=some.booleans())
def test_every_other_template_sums_to_zero(amount: int, is_promotional: bool) -> None:
    expiry = postings.wallet_expiry(amount_minor=amount, is_promotional=is_promotional)
    for entries in (expiry, *(template(amount_minor=amount) for template in OF_ONE_AMOUNT)):
        assert sound(entries)
        assert sound(postings.reversal(entries))
        assert bool(entries) == bool(amount)


OF_ONE_AMOUNT = (
    postings.refund, postings.gift_recognized, postings.gift_returned, postings.stored_value, postings.write_off,
    postings.recovery, postings.promotion, postings.wallet_debit,
)  # fmt: skip


def test_every_template_is_proved() -> None:
    ours = {name for name, one in vars(postings).items() if getattr(one, "__module__", "") == postings.__name__}
    proved = {one.__name__ for one in OF_ONE_AMOUNT} | {"invoice", "credit_note", "payment", "wallet_expiry"}
    assert {name for name in ours if name[0].islower()} == proved | {"balances", "reversal"}


def test_a_credit_note_takes_back_what_was_earned_and_says_where_it_went() -> None:
    assert postings.credit_note(kind="one_off", net_minor=1000, tax_minor=190, due_minor=500, wallet_minor=690) == [
        Entry(account="revenue", amount_minor=1000),
        Entry(account="tax_payable", amount_minor=190),
        Entry(account="receivable", amount_minor=-500),
        Entry(account="wallet_liability", amount_minor=-690),
    ]


def test_value_sold_for_a_wallet_and_put_back_into_it_moves_nothing() -> None:
    assert postings.credit_note(kind="top_up", net_minor=500, tax_minor=0, wallet_minor=500) == []


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
