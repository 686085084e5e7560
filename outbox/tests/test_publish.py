"""Facts on their way into the rows: all of a transaction at once, in its last moment, or none."""

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.models import Entry, Unsealed
from core import context, tenancy
from core.events import occurred
from core.tenancy import OutsideScope
from core.tenancy.system import system_scope
from outbox.models import Aggregate, OutboxEvent
from outbox.tests.kinds import note

pytestmark = pytest.mark.django_db


def stored() -> list[tuple[int, str, int]]:
    rows = OutboxEvent.objects.filter(type="test.noted").order_by("id")
    return [(row.data["number"], row.subject, row.aggregate_version) for row in rows]


def writes(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries.captured_queries if "SAVEPOINT" not in query["sql"]]


def test_they_keep_their_order_and_each_aggregate_counts_its_own(environment):
    with transaction.atomic():
        note(1, "sub_b")
        note(2, "sub_a")
        note(3, "sub_b")
    with transaction.atomic():
        note(4, "sub_b")

    assert stored() == [(1, "sub_b", 1), (2, "sub_a", 1), (3, "sub_b", 2), (4, "sub_b", 3)]
    assert dict(Aggregate.objects.values_list("subject", "version")) == {"sub_a": 1, "sub_b": 3}
    assert list(Entry.objects.order_by("id").values_list("target", flat=True)) == ["sub_b", "sub_a", "sub_b", "sub_b"]


@pytest.mark.parametrize("number", [1, 7, 300])
def test_however_many_are_written_with_one_statement(environment, number):
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        for each in range(number):
            note(each, f"sub_{each % 3}")

    assert [sql.count("INTO outbox_outboxevent") + sql.count("INTO audit_entry") for sql in writes(queries)] == [2]
    assert OutboxEvent.objects.count() == Entry.objects.count() == Unsealed.objects.count() == number


def test_a_savepoint_takes_its_own_facts_back_and_no_others(environment):
    with transaction.atomic():
        note(1)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            note(2)
            raise ZeroDivisionError
        with transaction.atomic():
            note(3)
    assert stored() == [(1, "sub_1", 1), (3, "sub_1", 2)]


def test_a_block_without_a_savepoint_takes_the_outer_ones_facts_too(environment):
    with transaction.atomic():
        note(1)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            note(2)
            with transaction.atomic(savepoint=False):
                note(3)
                raise ZeroDivisionError
    assert [number for number, *_ in stored()] == [1]


def test_facts_that_were_read_in_a_savepoint_outlive_its_end(environment):
    """The read wrote them inside the savepoint, which took the rows of the earlier fact with it."""
    with transaction.atomic():
        note(1)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            note(2)
            assert [number for number, *_ in stored()] == [1, 2]
            raise ZeroDivisionError
        note(3)
    assert stored() == [(1, "sub_1", 1), (3, "sub_1", 2)]
    assert Entry.objects.count() == 2


@pytest.mark.parametrize("model", [OutboxEvent, Entry, Unsealed])
def test_whoever_reads_them_inside_the_transaction_sees_them(environment, model):
    with transaction.atomic():
        note(1)
        assert model.objects.count() == 1


def test_each_is_of_the_environment_in_which_it_was_said(environment, live_environment):
    with transaction.atomic():
        note(1)
        with tenancy.scope(live_environment):
            note(2)
        note(3)
        with tenancy.scope(live_environment):
            note(4)

    assert stored() == [(1, "sub_1", 1), (3, "sub_1", 2)]
    with tenancy.scope(live_environment):
        assert stored() == [(2, "sub_1", 1), (4, "sub_1", 2)]
        assert Entry.objects.count() == 2


def test_the_system_scope_is_no_environment_to_say_something_in(environment):
    with system_scope("test: say something everywhere"), pytest.raises(OutsideScope):
        note(1)
    assert stored() == []


def test_each_carries_the_request_that_said_it(environment):
    with transaction.atomic():
        with context.entered(request_id="req-1", method="POST", path="/first", client_ip="192.0.2.1"):
            note(1)
        with context.entered(request_id="req-2", method="PUT", path="/second", client_ip="192.0.2.2"):
            note(2)

    assert list(OutboxEvent.objects.order_by("id").values_list("request_id", flat=True)) == ["req-1", "req-2"]
    requests = [json.loads(entry.text)["request"] for entry in Entry.objects.order_by("id")]
    assert requests == [
        {"id": "req-1", "method": "POST", "path": "/first", "ip": "192.0.2.1"},
        {"id": "req-2", "method": "PUT", "path": "/second", "ip": "192.0.2.2"},
    ]


@pytest.fixture
def failing_receiver() -> Any:
    def fail(**_: Any) -> None:
        raise ZeroDivisionError("no log, no change")

    occurred.connect(fail, dispatch_uid="test.fail")
    yield
    occurred.disconnect(dispatch_uid="test.fail")


@pytest.mark.usefixtures("failing_receiver")
def test_inside_a_test_too_a_fact_that_cannot_be_written_takes_the_change_with_it(environment):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Aggregate.objects.create(subject="sub_9", version=9)
        note(1)
    occurred.disconnect(dispatch_uid="test.fail")
    assert (stored(), Aggregate.objects.count(), Entry.objects.count()) == ([], 0, 0)


@pytest.mark.usefixtures("failing_receiver")
def test_whoever_swallows_the_failure_of_a_read_loses_the_change_all_the_same(environment):
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError):
            note(1)
            OutboxEvent.objects.exists()
        occurred.disconnect(dispatch_uid="test.fail")
    assert stored() == []
