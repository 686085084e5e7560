"""Every refusal has one status, and what nobody anticipated says nothing."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions

from core import errors, problems
from core.http import refusals, transactions


class CardDeclined(errors.Conflict):
    code = "card_declined"
    title = "The card was declined."


class NameTaken(errors.Conflict):
    code = "name_taken"
    title = "The name is taken."


class Cause(Exception):
    """What psycopg would have raised."""

    def __init__(self, sqlstate: str = "", constraint: str = "") -> None:
        super().__init__()
        self.sqlstate = sqlstate
        self.diag = type("Diagnostics", (), {"constraint_name": constraint})


def caused(failure: BaseException, **cause: str) -> BaseException:
    """Return a failure that Django raised because of one of the driver's."""
    failure.__cause__ = Cause(**cause)
    return failure


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (errors.NotFound(), 404, "not_found"),
        (errors.Conflict(), 409, "conflict"),
        (errors.Invalid(), 422, "validation_failed"),
        (errors.Forbidden(), 403, "forbidden"),
        (errors.Unavailable(), 503, "unavailable"),
        (CardDeclined(), 402, "card_declined"),
        (refusals.RateLimited(retry_after=3), 429, "rate_limited"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "forbidden"),
        (RequestDataTooBig(), 413, "body_too_large"),
        (SuspiciousOperation(), 400, "malformed_request"),
        (exceptions.ParseError(), 400, "malformed_json"),
        (exceptions.AuthenticationFailed(), 401, "unauthenticated"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.Throttled(), 429, "rate_limited"),
        (exceptions.APIException(), 500, "internal_error"),
        (caused(DataError()), 422, "out_of_range"),
        (caused(OperationalError(), sqlstate="40P01"), 503, "busy"),
        (caused(OperationalError(), sqlstate="55P03"), 503, "busy"),
        (caused(OperationalError()), 503, "unavailable"),
        (caused(InterfaceError()), 503, "unavailable"),
        (caused(IntegrityError(), constraint="nobody_knows_it"), 409, "constraint_violated"),
        (ValueError("secret detail"), 500, "internal_error"),
    ],
)
def test_a_failure_has_its_status_and_code(failure: BaseException, status: int, code: str) -> None:
    found = problems.of(failure)
    assert (found.status, found.code) == (status, code)
    assert "secret" not in str(found.document())


def test_a_registered_constraint_becomes_its_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "CONSTRAINTS", {})
    problems.constraint("core_thing_name", NameTaken)
    problems.constraint("core_thing_name", NameTaken)
    assert problems.of(caused(IntegrityError(), constraint="core_thing_name")).code == "name_taken"
    with pytest.raises(TypeError):
        problems.constraint("core_thing_name", CardDeclined)


def test_a_refusal_tells_its_members_and_cannot_overwrite_ours() -> None:
    document = problems.of(NameTaken("Acme is taken.", name="Acme", status=200, code="ok")).document()
    assert (document["name"], document["detail"], document["status"], document["code"]) == (
        "Acme", "Acme is taken.", 409, "name_taken",
    )  # fmt: skip


@pytest.mark.django_db
def test_a_lost_race_is_tried_three_times() -> None:
    tries: list[int] = []

    def effect() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise caused(OperationalError(), sqlstate="40001")
        return "won"

    assert transactions.run(effect, read_only=False) == "won"

    def loser() -> Any:
        tries.append(1)
        raise caused(OperationalError(), sqlstate="40P01")

    tries.clear()
    with pytest.raises(OperationalError):
        transactions.run(loser, read_only=False)
    assert len(tries) == 3


@pytest.mark.django_db
def test_other_failures_of_the_database_are_not_tried_again() -> None:
    tries: list[int] = []

    def effect() -> Any:
        tries.append(1)
        raise caused(OperationalError(), sqlstate="57014")

    with pytest.raises(OperationalError):
        transactions.run(effect, read_only=False)
    assert len(tries) == 1
