"""Each rule notices its offense; a rule that cannot fail is worthless."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.tests.factories import make_customer
from core import ids, invariants
from core.actor import SYSTEM
from usage import services
from usage.tests.factories import NOW, event, grant, make_meter, record

pytestmark = pytest.mark.django_db

RULES = ("usage.counter_within_hard_limit", "usage.event_has_one_id", "usage.event_has_a_meter")
Corrupt = Callable[..., Any]


@pytest.fixture(autouse=True)
def used() -> None:
    """Something that is in order."""
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    services.use_feature(customer_id=customer.id, feature="calls", delta=50, actor=SYSTEM, now=NOW)
    record(event(make_meter(), customer, id="once"))
    assert [invariants.broken(code) for code in RULES] == [[], [], []]


def broken() -> list[str]:
    return [code for code in RULES if invariants.broken(code)]


def test_a_counter_above_its_hard_limit_is_seen(owner_sql: Corrupt) -> None:
    owner_sql("ALTER TABLE usage_usagecounter DROP CONSTRAINT usage_usagecounter_within_limit")
    owner_sql("UPDATE usage_usagecounter SET used = 51")
    assert broken() == ["usage.counter_within_hard_limit"]


def test_an_event_without_its_id_is_seen(owner_sql: Corrupt) -> None:
    owner_sql("DELETE FROM usage_eventid", off=["usage_eventid"])
    assert broken() == ["usage.event_has_one_id"]


def test_an_id_without_its_event_is_seen(owner_sql: Corrupt) -> None:
    owner_sql("DELETE FROM usage_usageevent", off=["usage_usageevent"])
    assert broken() == ["usage.event_has_one_id"]


def test_a_changed_event_is_seen(owner_sql: Corrupt) -> None:
    owner_sql("UPDATE usage_usageevent SET event_id = 'twice'", off=["usage_usageevent"])
    assert broken() == ["usage.event_has_one_id"]


def test_an_event_counted_twice_is_seen(owner_sql: Corrupt) -> None:
    record(event(make_meter(), make_customer(now=NOW), id="other"))
    owner_sql("ALTER TABLE usage_eventid DROP CONSTRAINT usage_eventid_once")
    owner_sql("UPDATE usage_usageevent SET event_id = 'once'", off=["usage_usageevent"])
    owner_sql("UPDATE usage_eventid SET event_id = 'once'", off=["usage_eventid"])
    assert broken() == ["usage.event_has_one_id"]


@pytest.mark.parametrize("column", ["meter_id", "customer_id"])
def test_an_event_of_nobody_is_seen(owner_sql: Corrupt, column: str) -> None:
    owner_sql(f"ALTER TABLE usage_usageevent DROP CONSTRAINT usage_usageevent_{column}_same_env")
    owner_sql(f"UPDATE usage_usageevent SET {column} = %s", [ids.new()], off=["usage_usageevent"])
    assert broken() == ["usage.event_has_a_meter"]
