"""Work that is put off to the end of a transaction."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer
from accounts.tests.factories import make_customer
from audit.models import Entry
from core import events, tenancy
from core.tenancy import OutsideScope
from core.tenancy.writes import later, write
from core.tests.test_waiting import customer
from outbox.models import OutboxEvent
from outbox.tests.kinds import note


def stored() -> list[int]:
    return [row.data["number"] for row in OutboxEvent.objects.filter(type="test.noted").order_by("id")]


def signed() -> int:
    return Entry.objects.filter(action="test.noted").count()


@pytest.mark.django_db
def test_its_facts_stand_where_it_was_put_off(environment: Any) -> None:
    with transaction.atomic():
        note(1)
        events.lastly(lambda: note(2))
        note(3)
    assert stored() == [1, 2, 3]
    assert signed() == 3


@pytest.mark.django_db
def test_everything_else_of_the_transaction_comes_before(environment: Any) -> None:
    done: list[str] = []
    with transaction.atomic():
        events.lastly(lambda: done.append(f"last, beside {Customer.objects.count()}"))
        later([customer("waits")])
        done.append("the rest")
    assert done == ["the rest", "last, beside 1"]


@pytest.mark.django_db
def test_what_it_puts_off_itself_is_done_too(environment: Any) -> None:
    with transaction.atomic():
        events.lastly(lambda: (note(1), events.lastly(lambda: note(2)), note(3)))  # type: ignore[func-returns-value]
    assert stored() == [1, 2, 3]


@pytest.mark.django_db
def test_with_its_savepoint_it_is_forgotten(environment: Any) -> None:
    with transaction.atomic():
        note(1)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            events.lastly(lambda: note(2))
            raise ZeroDivisionError
    assert stored() == [1]


@pytest.mark.django_db
def test_what_was_done_in_a_savepoint_that_is_undone_is_done_again(environment: Any) -> None:
    with transaction.atomic():
        events.lastly(lambda: note(1))
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert stored() == [1]  # whoever reads facts has them written
            raise ZeroDivisionError
        note(2)
    assert stored() == [1, 2]


@pytest.mark.django_db
def test_it_is_of_the_environment_in_which_it_was_put_off(environment: Any, live_environment: Any) -> None:
    with transaction.atomic():
        with tenancy.scope(live_environment):
            events.lastly(lambda: note(1))
        note(2)
    assert stored() == [2]
    with tenancy.scope(live_environment):
        assert (stored(), signed()) == ([1], 1)


@pytest.mark.django_db
def test_outside_an_environment_nothing_is_put_off(environment: Any) -> None:
    with pytest.raises(OutsideScope), tenancy.scopes.entered(None):
        events.lastly(lambda: note(1))


def test_a_transaction_ends_with_one_statement(committed: Any, sandbox_scope: Any) -> None:
    with sandbox_scope(), CaptureQueriesContext(connection) as seen, transaction.atomic():
        note(1)
        later([customer("ada")])
        events.lastly(lambda: note(2))
        note(3)
        before = len(seen)
    written = [one["sql"] for one in seen.captured_queries[before:] if "INTO" in one["sql"]]
    assert len(written) == 1
    assert all(table in written[0] for table in ("accounts_customer", "outbox_outboxevent", "audit_entry"))
    with sandbox_scope(), transaction.atomic():
        assert stored() == [1, 2, 3]


def test_what_fails_there_takes_the_transaction_with_it(committed: Any, sandbox_scope: Any) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with sandbox_scope(), pytest.raises(ZeroDivisionError), transaction.atomic():
        note(1)
        make_customer(name="gone")
        events.lastly(fail)
    with sandbox_scope(), transaction.atomic():
        assert (stored(), Customer.objects.filter(name="gone").exists()) == ([], False)


def test_what_the_last_statement_violates_takes_the_transaction_with_it(committed: Any, sandbox_scope: Any) -> None:
    """The commit is sent along with it: it must not happen."""
    with sandbox_scope(), transaction.atomic():
        write([customer("known", external_ref="one")])
    with sandbox_scope(), pytest.raises(IntegrityError), transaction.atomic():
        note(1)
        make_customer(name="gone")
        later([customer("again", external_ref="one")])
    with sandbox_scope(), transaction.atomic():
        assert (stored(), Customer.objects.filter(name="gone").exists()) == ([], False)
        make_customer(name="after")
        note(2)
    with sandbox_scope(), transaction.atomic():
        assert stored() == [2]


def test_outside_a_transaction_there_is_no_end_to_put_off_to(committed: Any, sandbox_scope: Any) -> None:
    with sandbox_scope(), pytest.raises(RuntimeError, match="outside"):
        events.lastly(lambda: note(1))


def test_facts_that_are_told_in_two_goes_take_two_statements(committed: Any, sandbox_scope: Any) -> None:
    """One statement draws the versions of an aggregate once."""
    with sandbox_scope(), transaction.atomic():
        note(1)
        events.flush()
        note(2)
    with sandbox_scope(), transaction.atomic():
        assert (stored(), signed()) == ([1, 2], 2)
