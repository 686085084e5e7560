"""The months of the events table: out of reach by themselves, and made ahead by a command."""

from datetime import UTC, date, datetime
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from accounts.tests.factories import make_customer
from core import tenancy
from core.tenancy import Scope
from tests.session import Database
from usage import partitions
from usage.models import UsageEvent
from usage.tests.factories import NOW, event, make_meter, record

FAR = datetime(2031, 5, 10, tzinfo=UTC)


def asked(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_months_follow_each_other_over_the_year() -> None:
    assert list(partitions.months(date(2025, 11, 3), 3)) == [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)]
    assert "FROM ('2025-12-01 00:00:00+00') TO ('2026-01-01 00:00:00+00')" in partitions.create_month(
        date(2025, 12, 1), "app"
    )


@pytest.mark.django_db
def test_an_event_lies_in_its_month_and_one_far_away_in_the_default() -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    record(event(meter, customer))
    record(event(meter, customer, timestamp=FAR), now=FAR)
    places = asked("SELECT tableoid::regclass::text FROM usage_usageevent ORDER BY 1")
    assert places == [("usage_usageevent_2026_01",), ("usage_usageevent_default",)]


@pytest.mark.django_db
@pytest.mark.parametrize("partition", ["usage_usageevent_2026_01", "usage_usageevent_default"])
def test_the_application_cannot_reach_a_partition_directly(partition: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        asked(f"SELECT * FROM {partition}")


@pytest.mark.django_db
def test_every_partition_has_row_security() -> None:
    assert (
        asked("""
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'usage_usageevent'::regclass AND NOT (relrowsecurity AND relforcerowsecurity)
    """)
        == []
    )


@pytest.mark.django_db
def test_raw_sql_sees_only_the_events_of_its_environment(live_environment: Scope) -> None:
    record(event(make_meter(), make_customer(now=NOW)))
    with tenancy.scope(live_environment):
        assert asked("SELECT id FROM usage_usageevent UNION ALL SELECT id FROM usage_eventid") == []


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["UPDATE usage_usageevent SET value = 0", "DELETE FROM usage_eventid"])
def test_events_only_grow(change: str) -> None:
    record(event(make_meter(), make_customer(now=NOW)))
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        asked(change)


def test_a_month_made_later_takes_over_what_waited_for_it(committed: Database, sandbox_scope: object) -> None:
    with sandbox_scope(), transaction.atomic():
        meter, customer = make_meter(), make_customer(now=FAR)
        record(event(meter, customer, timestamp=FAR), now=FAR)
    with psycopg.connect(committed.urls.owner) as owner:
        made = partitions.make(owner, partitions.months(date(2031, 4, 1), 3), "perennial_app")
        assert partitions.make(owner, partitions.months(date(2031, 4, 1), 3), "perennial_app") == []
    assert made == [f"usage_usageevent_2031_0{month}" for month in (4, 5, 6)]
    with sandbox_scope(), transaction.atomic():
        assert UsageEvent.objects.get().timestamp == FAR
        assert asked("SELECT tableoid::regclass::text FROM usage_usageevent") == [("usage_usageevent_2031_05",)]


def test_the_command_makes_the_coming_months(committed: Database) -> None:
    said = StringIO()
    with override_settings(DATABASE_OWNER_URL=committed.urls.owner):
        call_command("partition_usage", months=120, stdout=said)
        call_command("partition_usage", months=120, stdout=said)
    assert "usage_usageevent_2030_01" in said.getvalue()
    assert said.getvalue().splitlines()[-1] == "0 months made"


@pytest.mark.parametrize(("url", "months"), [("", 36), ("postgres://owner@127.0.0.1/nowhere", 0)])
def test_the_command_refuses_nonsense(url: str, months: int) -> None:
    with override_settings(DATABASE_OWNER_URL=url), pytest.raises(CommandError):
        call_command("partition_usage", months=months)
