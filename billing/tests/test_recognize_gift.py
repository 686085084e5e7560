"""A gift's money becomes revenue once: when it is redeemed, or when it expires."""

from collections.abc import Callable

import pytest

from billing import internal
from billing.models import Journal
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, refund, settle

pytestmark = pytest.mark.django_db


def recognize(amount_minor: int = 2500, *, breakage: bool = False) -> None:
    internal.recognize_gift(reference="gft_1", amount_minor=amount_minor, currency="USD", breakage=breakage, now=AT)


def test_a_redeemed_gift_is_revenue(facts: Callable[[], list[str]]) -> None:
    settle(issue(2500, kind="gift", reference="gft_1"))
    recognize()
    assert balances() == {"cash": 2500, "revenue": -2500}
    assert facts()[-1] == "billing.gift_recognized"
    check_journals()


def test_it_is_recognized_once(facts: Callable[[], list[str]]) -> None:
    recognize()
    before = facts()
    recognize(breakage=True)
    assert (Journal.objects.count(), facts()) == (1, before)


@pytest.mark.parametrize(("breakage", "kind"), [(False, "gift_redeemed"), (True, "gift_breakage")])
def test_the_books_tell_whether_it_was_used(breakage: bool, kind: str) -> None:
    recognize(breakage=breakage)
    assert Journal.objects.get().kind == kind


def give_back(amount_minor: int = 2500) -> None:
    internal.return_gift(reference="gft_1", amount_minor=amount_minor, currency="USD", now=AT)


def test_a_gift_whose_money_went_back_leaves_nothing(facts: Callable[[], list[str]]) -> None:
    refund(settle(issue(2500, kind="gift", reference="gft_1")), 2500)
    give_back()
    assert balances() == {}
    assert facts()[-1] == "billing.gift_returned"
    check_journals()


def test_a_gift_is_given_back_once_and_never_also_earned(facts: Callable[[], list[str]]) -> None:
    give_back()
    before = facts()
    give_back()
    recognize()
    assert (Journal.objects.get().kind, facts()) == ("gift_returned", before)


def test_a_gift_of_nothing_moves_nothing() -> None:
    recognize(0)
    give_back(0)
    assert not Journal.objects.exists()
