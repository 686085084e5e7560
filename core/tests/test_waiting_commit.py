"""Rows that wait for the next statement, and real transactions, each of which ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError

from core.tenancy.writes import later, write
from core.tests.test_waiting import are_waiting, customer, names, wrong
from tests.session import Database


@pytest.fixture
def entered(committed: Database, sandbox_scope: Any) -> Any:
    @contextmanager
    def run() -> Iterator[None]:
        with sandbox_scope(), transaction.atomic():
            yield

    return run


def test_they_are_written_before_the_commit(entered: Any) -> None:
    with entered():
        later([customer("kept")])
    with entered():
        assert names() == ["kept"]


def test_what_they_violate_takes_the_transaction_with_it(entered: Any) -> None:
    with pytest.raises(IntegrityError), entered():
        write([customer("beside")])
        later([wrong()])
    with entered():
        assert names() == []


def test_a_roll_back_forgets_them(entered: Any) -> None:
    with pytest.raises(ZeroDivisionError), entered():
        later([customer("gone")])
        raise ZeroDivisionError
    assert not are_waiting()
    with entered():
        assert names() == []


def test_outside_a_transaction_nothing_waits(committed: Database, sandbox_scope: Any) -> None:
    with sandbox_scope(), pytest.raises(TransactionManagementError):
        later([customer("nowhere")])
    assert not are_waiting()
