"""Customers: made, changed, found, and fixed to a currency."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from accounts import internal, selectors, services
from accounts.models import Customer
from accounts.tests.factories import make_customer
from core import errors, ids, problems, tenancy
from core.actor import Actor
from core.tenancy import Scope

pytestmark = pytest.mark.django_db


def test_a_customer_is_made_and_said_to_be(facts: Callable[[], list[str]], actor: Actor, now: datetime) -> None:
    row = services.create_customer(email=" Ada@Example.COM", name="Ada", external_ref="a-1", actor=actor, now=now)
    assert (row.email, row.external_ref, row.created_at, row.currency) == ("ada@example.com", "a-1", now, None)
    assert facts() == ["customer.created"]


def test_an_external_reference_is_given_once(actor: Actor, now: datetime) -> None:
    make_customer(external_ref="a-1")
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        make_customer(external_ref="a-1")
    assert isinstance(problems.as_refusal(caught.value), services.ExternalRefTaken)
    assert Customer.objects.count() == 1


def test_another_environment_has_its_own_references(live_environment: Scope) -> None:
    here = make_customer(external_ref="a-1")
    with tenancy.scope(live_environment):
        there = make_customer(external_ref="a-1")
        assert selectors.find_customer("a-1") == selectors.view(there)
        with pytest.raises(errors.NotFound):
            selectors.get_customer(here.pk)


def test_a_customer_is_found_by_either_name() -> None:
    row = make_customer(external_ref="a-1", country="DE")
    assert selectors.find_customer(row.public_id) == selectors.find_customer("a-1") == selectors.get_customer(row.pk)
    assert selectors.find_customer("nobody") is None
    assert selectors.list_customer_ids_by_refs(["a-1", "nobody"]) == {"a-1": row.pk}


def test_the_public_id_wins_over_a_reference_that_looks_like_it() -> None:
    row = make_customer()
    make_customer(external_ref=row.public_id)
    found = selectors.find_customer(row.public_id)
    assert found is not None
    assert found.id == row.pk


def test_a_change_names_what_differs(facts: Callable[[], list[str]], actor: Actor, now: datetime) -> None:
    row = make_customer(name="Ada")
    changed = services.update_customer(
        customer_id=row.pk, changes={"name": "Ada L.", "timezone": "UTC", "email": "NEW@x.org"}, actor=actor, now=now
    )
    assert (changed.name, changed.email, changed.updated_at) == ("Ada L.", "new@x.org", now)
    assert facts() == ["customer.created", "customer.updated"]


def test_no_difference_is_no_fact(facts: Callable[[], list[str]], actor: Actor, now: datetime) -> None:
    row = make_customer(name="Ada")
    services.update_customer(customer_id=row.pk, changes={"name": "Ada"}, actor=actor, now=now)
    assert facts() == ["customer.created"]


def test_nobody_is_changed_by_an_unknown_id(actor: Actor, now: datetime) -> None:
    with pytest.raises(errors.NotFound):
        services.update_customer(customer_id=ids.new(), changes={"name": "x"}, actor=actor, now=now)


def test_the_id_is_not_for_changing(actor: Actor, now: datetime) -> None:
    with pytest.raises(TypeError):
        services.update_customer(customer_id=make_customer().pk, changes={"id": ids.new()}, actor=actor, now=now)


def test_the_first_invoice_fixes_the_currency(actor: Actor, now: datetime) -> None:
    row = make_customer()
    services.update_customer(customer_id=row.pk, changes={"currency": "USD"}, actor=actor, now=now)
    services.update_customer(customer_id=row.pk, changes={"currency": "EUR"}, actor=actor, now=now)
    internal.fix_currency(internal.lock_customer(row.pk), "EUR")
    internal.fix_currency(internal.lock_customer(row.pk), "EUR")
    with pytest.raises(services.CurrencyFixed):
        services.update_customer(customer_id=row.pk, changes={"currency": "USD"}, actor=actor, now=now)
    with pytest.raises(services.CurrencyMismatch):
        internal.fix_currency(internal.lock_customer(row.pk), "USD")
    assert selectors.get_customer(row.pk).currency == "EUR"
    assert selectors.get_customer(row.pk).country is None


def test_nobody_is_locked_by_an_unknown_id() -> None:
    with pytest.raises(errors.NotFound):
        internal.lock_customer(ids.new())


@pytest.mark.parametrize(
    "wrong", [{"email": "Ada@x.org"}, {"currency": "eur"}, {"country": "de"}, {"external_ref": ""}]
)
def test_the_database_refuses_what_no_verb_writes(wrong: dict[str, str]) -> None:
    row = make_customer()
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=row.pk).update(**wrong)
