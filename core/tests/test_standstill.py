"""A process that stands still in the middle of a transaction: the server ends it, and its locks are free."""

from typing import Any

import pytest
from django.db import Error, connection, transaction

from accounts.models import Customer
from accounts.tests.factories import make_customer
from core.tenancy import scopes
from tests.session import Database

PATIENCE = "10s"


@pytest.fixture
def known(committed: Database, sandbox_scope: Any) -> Customer:
    with sandbox_scope(), transaction.atomic():
        return make_customer(name="before")


def rename_from_outside(database: Database, customer: Customer) -> None:
    """Write a row that somebody has locked, as soon as he lets it go."""
    with database.as_superuser() as other:
        other.execute("SELECT set_config('lock_timeout', %s, false)", [PATIENCE])

        other.execute("UPDATE accounts_customer SET name = 'after' WHERE id = %s", [customer.id])


def test_a_transaction_in_which_nothing_happens_is_ended_and_leaves_nothing_behind(
    committed: Database, sandbox_scope: Any, known: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scopes, "_BEGIN", scopes._BEGIN.replace(f"'{scopes.IDLE_SECONDS}s'", "'20ms'"))
    with pytest.raises(Error), sandbox_scope(), transaction.atomic():
        Customer.objects.filter(pk=known.pk).update(name="lost")
        rename_from_outside(committed, known)
        Customer.objects.count()
    connection.close()

    with sandbox_scope(), transaction.atomic():
        assert Customer.objects.get(pk=known.pk).name == "after"


def test_every_transaction_says_how_long_it_may_stand_still(committed: Database, sandbox_scope: Any) -> None:
    with sandbox_scope(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == (f"{scopes.IDLE_SECONDS}s",)
