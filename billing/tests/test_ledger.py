"""The books only grow, and a journal that does not sum to zero cannot be committed."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from billing import postings
from billing.internal import _ledger
from billing.models import Account, Journal, Posting
from billing.postings import Entry
from billing.tests.balance import check_journals
from billing.tests.factories import AT, issue

pytestmark = pytest.mark.django_db


def account(code: str, currency: str = "USD") -> Account:
    return Account.objects.get_or_create(code=code, currency=currency, defaults={"created_at": AT})[0]


def write(*sides: tuple[str, int, str]) -> Journal:
    """A journal past the code that would refuse it."""
    journal = Journal.objects.create(reference="test:1", kind="test", at=AT)
    Posting.objects.bulk_create(
        Posting(journal=journal, account=account(code, currency), amount_minor=amount, currency=currency)
        for code, amount, currency in sides
    )
    return journal


def add(*amounts: tuple[Journal, int]) -> None:
    Posting.objects.bulk_create(
        Posting(journal=journal, account=account("cash"), amount_minor=amount, currency="USD")
        for journal, amount in amounts
    )


def commit(work: Callable[[], object]) -> None:
    """Do something and have the database check it as at commit; what it refuses is undone."""
    with transaction.atomic():
        work()
        check_journals()


@pytest.mark.parametrize("sides", [
    (),
    (("cash", 100, "USD"),),
    (("cash", 100, "USD"), ("revenue", -99, "USD")),
    (("cash", 100, "USD"), ("revenue", -100, "EUR")),
])  # fmt: skip
def test_a_journal_that_does_not_balance_is_refused_at_commit(sides: tuple[tuple[str, int, str], ...]) -> None:
    with pytest.raises(IntegrityError, match="does not balance"):
        commit(lambda: write(*sides))
    assert not Journal.objects.exists()


def test_a_journal_that_balances_in_each_currency_is_accepted() -> None:
    write(("cash", 100, "USD"), ("revenue", -100, "USD"), ("cash", 7, "EUR"), ("revenue", -7, "EUR"))
    check_journals()
    assert Posting.objects.count() == 4


def test_of_many_journals_in_one_statement_each_has_to_balance() -> None:
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        journals = [Journal.objects.create(reference=f"test:{one}", kind="test", at=AT) for one in range(5)]
        amounts = [(journal, amount) for journal in journals for amount in (100, -100)]
        add(*amounts[:-1], (journals[-1], -99))


@pytest.mark.parametrize("amounts", [(100,), (100, -99)])
def test_half_a_journal_is_refused_at_once(amounts: tuple[int, ...]) -> None:
    """Its postings come by one statement, so nobody in the same transaction reads books that do not balance."""
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        journal = Journal.objects.create(reference="test:1", kind="test", at=AT)
        add(*((journal, amount) for amount in amounts))


def test_a_posting_cannot_be_slipped_into_an_old_journal() -> None:
    issue(1000)
    check_journals()
    late = Posting(journal=Journal.objects.get(), account=account("cash"), amount_minor=5, currency="USD")
    with pytest.raises(IntegrityError, match="does not balance"):
        commit(late.save)
    assert Posting.objects.count() == 2


@pytest.mark.parametrize("statement", [
    "UPDATE billing_posting SET amount_minor = amount_minor * 2",
    "DELETE FROM billing_posting",
    "TRUNCATE billing_posting",
    "UPDATE billing_journal SET at = at - interval '1 day'",
    "DELETE FROM billing_journal",
    "TRUNCATE billing_journal CASCADE",
])  # fmt: skip
def test_the_books_only_grow(statement: str) -> None:
    issue(1000)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (Journal.objects.count(), Posting.objects.count()) == (1, 2)


def test_a_business_event_is_booked_once() -> None:
    booking = _ledger.Booking(reference="payment:pay_1", kind="payment", currency="USD", at=AT)
    entries = postings.payment(amount_minor=100, taken_minor=100)
    _ledger.post(booking, entries)
    with pytest.raises(IntegrityError), transaction.atomic():
        _ledger.post(booking, entries)
    assert Journal.objects.count() == 1


def test_the_code_refuses_what_the_database_would_refuse() -> None:
    booking = _ledger.Booking(reference="x:1", kind="test", currency="USD", at=AT)
    with pytest.raises(ValueError, match="does not balance"):
        _ledger.post(booking, [Entry(account="cash", amount_minor=1), Entry(account="revenue", amount_minor=-2)])
    assert not Journal.objects.exists()


def test_a_posting_of_nothing_is_refused() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        write(("cash", 0, "USD"))


def test_an_unknown_account_is_refused() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        account("slush_fund")
