"""Writing several rows by one statement: what is written, and everything that is refused."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.utils import DataError, ProgrammingError

from accounts.models import Customer
from accounts.tests.factories import make_customer
from billing.models import InvoiceLine
from catalog.models import PlanFeature
from catalog.services import revise_plan
from catalog.tests.factories import make_plan
from core import clock, ids, tenancy
from core.actor import SYSTEM
from core.tenancy import Scope, writes
from core.tenancy.rows import ScopedRow
from core.tenancy.writes import MOST_VALUES, insert_found, insert_missing, insert_once, write

pytestmark = pytest.mark.django_db


def customer(**particulars: Any) -> Customer:
    known: dict[str, Any] = {"email": "a@example.com", "created_at": clock.now(), "updated_at": clock.now()}
    return Customer(**{**known, "metadata": {"a": "é"}, "address": {"city": "Oslo"}, "country": "NO", **particulars})


def stored(rows: Sequence[ScopedRow]) -> list[tuple[Any, ...]]:
    """Every column as the table has it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t::text FROM {rows[0]._meta.db_table} t WHERE id = ANY(%s) ORDER BY id", [[row.pk for row in rows]]
        )
        return list(cursor.fetchall())


@pytest.mark.parametrize("count", [1, MOST_VALUES, MOST_VALUES + 1, 3 * MOST_VALUES])
def test_rows_are_written_as_the_orm_writes_them(count: int, django_assert_num_queries: Any) -> None:
    rows = [customer(name=f"n{number}", external_ref=str(number) if number % 2 else None) for number in range(count)]
    with transaction.atomic():
        for row in rows:
            row.save(force_insert=True)
        expected = stored(rows)
        transaction.set_rollback(True)
    for row in rows:
        row._state.adding = True
    with django_assert_num_queries(1):
        write(rows)
    assert stored(rows) == expected
    assert not any(row._state.adding for row in rows)
    assert {row._state.db for row in rows} == {"default"}


def test_rows_of_several_models_and_changes_are_one_statement(django_assert_num_queries: Any) -> None:
    known = make_customer(name="before")
    version = revise_plan(plan_id=make_plan().pk, actor=SYSTEM, now=clock.now())
    feature = PlanFeature(version=version, code="sso", name="SSO", kind="boolean")
    known.name, known.currency, known.email = "after", "EUR", "not@written.example"
    with django_assert_num_queries(1):
        write([customer(external_ref="new"), feature], [(known, ("name", "currency"))])
    fresh = Customer.objects.get(pk=known.pk)
    assert (fresh.name, fresh.currency, fresh.email) == ("after", "EUR", make_email(fresh))
    assert Customer.objects.filter(external_ref="new").exists()
    assert PlanFeature.objects.get(pk=feature.pk).code == "sso"


def make_email(row: Customer) -> str:
    assert row.email.startswith("customer")
    return row.email


def test_nothing_is_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        write([])


def test_a_row_that_is_not_there_cannot_be_changed(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        elsewhere = make_customer(name="theirs")
    for row in (customer(), elsewhere):
        row.name = "mine"
        with pytest.raises(DatabaseError, match="not there"), transaction.atomic():
            write([], [(row, ("name",))])
    with tenancy.scope(live_environment):
        assert Customer.objects.get().name == "theirs"
    assert not Customer.objects.exists()


def test_a_row_of_another_environment_is_refused(live_environment: Scope) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        write([customer(environment_id=live_environment.environment_id)])
    with tenancy.scope(live_environment):
        assert not Customer.objects.exists()


def test_a_link_into_another_environment_is_refused(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        theirs = revise_plan(plan_id=make_plan().pk, actor=SYSTEM, now=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        write([PlanFeature(version_id=theirs.pk, code="sso", name="SSO", kind="boolean")])
        connection.check_constraints()
    assert not PlanFeature.objects.exists()


@pytest.mark.parametrize("count", [1, MOST_VALUES + 1])
def test_constraints_hold(count: int) -> None:
    for wrong, refusal in (({"tax_exemption": "maybe"}, IntegrityError), ({"currency": "EURO"}, DataError)):
        rows = [customer() for _ in range(count - 1)] + [customer(**wrong)]
        with pytest.raises(refusal), transaction.atomic():
            write(rows)
    assert not Customer.objects.exists()


def test_what_is_known_is_not_inserted_twice() -> None:
    first, second = customer(external_ref="one", name="first"), customer(external_ref="one", name="second")
    assert insert_once(first)
    assert not insert_once(second)
    assert Customer.objects.get() == first
    assert Customer.objects.get().name == "first"
    assert (first._state.adding, second._state.adding) == (False, True)
    assert insert_once(customer(external_ref=str(ids.new())))


FOUND = """
    SELECT jsonb_build_object('number', number) AS metadata, 'n' || number AS name, 'r' || number AS external_ref,
           number AS place
    FROM generate_series(1, %(count)s::int) number
"""
NAMED = ("metadata", "name", "external_ref")


def test_what_a_query_finds_is_written_as_the_orm_writes_it(django_assert_num_queries: Any) -> None:
    pattern, keys = customer(), [ids.new() for _ in range(6)]
    rows = [
        customer(
            id=key, metadata={"number": number}, name=f"n{number}", external_ref=f"r{number}",
            created_at=pattern.created_at, updated_at=pattern.updated_at,
        )
        for number, key in enumerate(keys, start=1)
    ]  # fmt: skip
    with transaction.atomic():
        Customer.objects.bulk_create(rows)
        expected = stored(rows)
        transaction.set_rollback(True)
    with django_assert_num_queries(1):
        assert insert_found(pattern, FOUND, {"count": 6}, NAMED, keys) == 6
    assert stored(rows) == expected


def test_what_a_query_finds_and_is_known_is_left_as_it_is() -> None:
    assert insert_once(customer(external_ref="r2", name="first"))
    assert insert_found(customer(), FOUND, {"count": 3}, NAMED, [ids.new() for _ in range(3)]) == 2
    assert Customer.objects.get(external_ref="r2").name == "first"


def test_more_than_was_counted_on_is_refused_whole() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_found(customer(), FOUND, {"count": 3}, NAMED, [ids.new() for _ in range(2)])
    assert not Customer.objects.exists()


@pytest.mark.parametrize("count", [MOST_VALUES, MOST_VALUES + 1, 3 * MOST_VALUES])
def test_many_changed_rows_are_one_statement(count: int, django_assert_num_queries: Any) -> None:
    rows = [make_customer(name=f"before {number}") for number in range(count)]
    untouched = make_customer(name="untouched")
    for number, row in enumerate(rows):
        row.name, row.metadata, row.country = f"after {number}", {"n": number}, None if number % 2 else "NO"
    with django_assert_num_queries(1):
        write([customer(external_ref="new")], [(row, ("name", "metadata", "country")) for row in rows])
    for row in rows:
        fresh = Customer.objects.get(pk=row.pk)
        assert (fresh.name, fresh.metadata, fresh.country) == (row.name, row.metadata, row.country)
    untouched.refresh_from_db()
    assert untouched.name == "untouched"


def test_many_changes_with_one_row_missing_are_refused(live_environment: Scope) -> None:
    rows = [make_customer(name="before") for _ in range(MOST_VALUES + 1)]
    with tenancy.scope(live_environment):
        rows[2] = make_customer(name="theirs")
    for row in rows:
        row.name = "after"
    with pytest.raises(DatabaseError), transaction.atomic():
        write([], [(row, ("name",)) for row in rows])
    assert not Customer.objects.filter(name="after").exists()


def test_only_what_is_missing_is_inserted(django_assert_num_queries: Any) -> None:
    known = customer(external_ref="known", name="first")
    write([known])
    with django_assert_num_queries(1):
        assert insert_missing([customer(external_ref="known", name="second"), customer(external_ref="new")]) == 1
    assert insert_missing([]) == 0
    assert sorted(Customer.objects.values_list("external_ref", "name")) == [("known", "first"), ("new", "")]


@pytest.mark.parametrize("model", [one for one in apps.get_models() if issubclass(one, ScopedRow)])
def test_a_fresh_row_is_what_the_constructor_makes(model: type[ScopedRow]) -> None:
    def columns(row: ScopedRow) -> dict[str, Any]:
        return {name: value for name, value in sorted(vars(row).items()) if name not in ("_state", "id", "event_id")}

    made, fresh = model(), model.fresh()
    assert repr(columns(fresh)) == repr(columns(made))
    assert (fresh._state.adding, fresh._state.db) == (made._state.adding, made._state.db)
    with pytest.raises(TypeError):
        model.fresh(nothing_of_the_kind=1)


def test_every_kind_of_value_travels_as_text() -> None:
    """Decimals, bytes, lists, nested JSON, and signs that JSON writes in its own way."""
    rows = [
        InvoiceLine.fresh(
            invoice_id=ids.new(), position=number + 1, description='a "quoted" \\ é\n💶', quantity=Decimal("1.5"),
            unit_amount=Decimal("0.000000000001"), currency="USD", amount_minor=-5, basis={"share": "1/3", "n": [1]},
            steps=[{"tier": 1}], taxes=[],
        )
        for number in range(MOST_VALUES + 1)
    ]  # fmt: skip
    told = json.loads(writes._text(rows, writes._fields(InvoiceLine), add=True))
    for row, found in zip(rows, told, strict=True):
        assert found["description"] == row.description
        assert (Decimal(found["quantity"]), Decimal(found["unit_amount"])) == (row.quantity, row.unit_amount)
        assert found["basis"] == row.basis
    assert writes._plain(b"\x00\xff") == "\\x00ff"
