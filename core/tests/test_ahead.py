"""Statements that are sent ahead."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.pq import PipelineStatus

from accounts.models import Customer
from accounts.tests.factories import make_customer
from billing.models import Account
from core import ids
from core.tenancy.ahead import ahead, check
from core.tenancy.writes import write
from usage.models import Entitlement

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 15, tzinfo=UTC)


def account(code: str) -> Account:
    return Account.fresh(code=code, currency="USD", created_at=AT)


def nobodys() -> Entitlement:
    """A row of a customer who is not there."""
    return Entitlement.fresh(
        customer_id=ids.new(), source="sub_1", code="sso", name="SSO", kind="boolean", value="", limit=None,
        limit_kind="hard", reset="subscription", period_starts_at=AT, period_ends_at=AT + timedelta(days=1),
        granted_at=AT,
    )  # fmt: skip


def is_piped() -> bool:
    return bool(connection.connection.pgconn.pipeline_status != PipelineStatus.OFF)


def test_what_was_sent_is_there_for_whoever_looks():
    with ahead():
        assert is_piped()
        write([account("cash")])
        write([account("revenue")])
        assert Account.objects.count() == 2
        write([account("refunds")])
    assert not is_piped()
    assert Account.objects.count() == 3


def test_nobody_waits_for_what_was_sent():
    with ahead(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.05)")
        assert cursor.cursor.pgresult is None
        cursor.fetchone()
        assert cursor.cursor.pgresult is not None


def test_how_many_rows_were_found_is_told_as_ever():
    make_customer()
    with ahead():
        assert Customer.objects.update(name="Another") == 1
        assert Customer.objects.filter(name="Nobody").update(name="Another") == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 AS one")
            assert [column.name for column in cursor.description] == ["one"]


def test_what_is_violated_is_refused_at_the_end_at_the_latest():
    with pytest.raises(IntegrityError, match="billing_account_once"), transaction.atomic(), ahead():
        write([account("cash")])
        write([account("cash")])
    assert not is_piped()
    assert not Account.objects.exists()


def test_what_is_violated_is_refused_at_the_next_look():
    looked = []
    with pytest.raises(IntegrityError, match="billing_account_once"), transaction.atomic(), ahead():
        write([account("cash")])
        write([account("cash")])
        looked.append(Account.objects.count())
    assert not looked
    assert not Account.objects.exists()


def test_a_savepoint_answers_for_what_was_sent_inside_it():
    with ahead():
        write([account("cash")])
        with pytest.raises(IntegrityError, match="billing_account_once"), transaction.atomic():
            write([account("cash")])
        write([account("revenue")])
    assert Account.objects.count() == 2


def test_what_waits_for_the_commit_is_checked_when_asked():
    with pytest.raises(IntegrityError, match="accounts_customer"), transaction.atomic():
        write([nobodys()])
        assert Entitlement.objects.count() == 1
        check()


def test_what_comes_after_a_check_waits_for_the_commit_again():
    check()
    row = nobodys()
    write([row])
    row.delete()


def test_only_a_transaction_sends_ahead(monkeypatch):
    monkeypatch.setattr(transaction.get_connection(), "in_atomic_block", False)
    with pytest.raises(RuntimeError, match="within a transaction"), ahead():
        pytest.fail("it was not refused")
