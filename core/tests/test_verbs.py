"""Verbs are one transaction; a verb inside a verb is part of it."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer
from core import clock, errors
from core.tenancy.writes import write
from core.verbs import verb

pytestmark = pytest.mark.django_db


class Refused(errors.Conflict):
    code = "refused_for_a_test"
    title = "No."


def named(name: str) -> Customer:
    return Customer(name=name, email="a@example.com", created_at=clock.now(), updated_at=clock.now())


@verb
def inner(*, refuse: bool) -> str:
    write([named("inner")])
    if refuse:
        raise Refused
    return "done"


@verb
def outer(*, refuse: bool, go_on: str = "") -> str:
    write([named("outer")])
    try:
        if go_on == "well":
            with transaction.atomic():
                return inner(refuse=refuse)
        return inner(refuse=refuse)
    except Refused:
        if not go_on:
            raise
    write([named("after")])
    return "went on"


def names() -> set[str]:
    return set(Customer.objects.values_list("name", flat=True))


def test_a_verb_inside_a_verb_takes_no_savepoint() -> None:
    with CaptureQueriesContext(connection) as alone:
        inner(refuse=False)
    with CaptureQueriesContext(connection) as nested:
        assert outer(refuse=False) == "done"
    assert (savepoints(alone), savepoints(nested)) == (1, 1)


def savepoints(captured: Any) -> int:
    return sum(query["sql"].startswith("SAVEPOINT") for query in captured)


def test_a_refusal_leaves_nothing_of_either() -> None:
    with pytest.raises(Refused):
        outer(refuse=True)
    assert names() == set()
    with pytest.raises(Refused):
        inner(refuse=True)
    assert names() == set()


def test_whoever_goes_on_after_a_refusal_is_stopped() -> None:
    with pytest.raises(TransactionManagementError):
        outer(refuse=True, go_on="badly")
    assert names() == set()


def test_whoever_means_to_go_on_says_so() -> None:
    assert outer(refuse=True, go_on="well") == "went on"
    assert names() == {"outer", "after"}
