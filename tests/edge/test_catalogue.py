"""The catalogue of bad input over every write route: refused in a declared way, as a problem, and nothing changed."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from core import ids
from core.http.schema import PROBLEM
from tests.edge import rows
from tests.edge.examples import EXAMPLES
from tests.edge.mutations import wrong_bodies
from tests.edge.operations import Operation, writes
from tests.edge.rows import Row, Sent
from tests.edge.state import digest
from tests.edge.world import World, savepoint

MEMBERS = set(PROBLEM["required"])
# Members of the edge's own refusals; everything else would be the domain's.
OWN = {"errors", "parameter", "limit_bytes"}
PUBLIC_ID = re.compile(r"\b([a-z]{3})_[0-9a-z]{26}\b")


@pytest.fixture
def send(world: World) -> Callable[[Sent], Any]:
    """Sends a request and returns the answer."""

    def sent(one: Sent) -> Any:
        return world.nobody.client.generic(one.method, one.path, one.raw, one.content_type, headers=one.headers)

    return sent


def good(world: World, operation: Operation) -> tuple[Sent, dict[str, Any]]:
    """The request of the example, with its body."""
    example = EXAMPLES[operation.name]
    body = example.body(world)
    headers = example.client(world).headers | {"Idempotency-Key": world.code()}
    path = example.path(world, operation.template)
    return Sent(method=operation.method, path=path, raw=json.dumps(body).encode(), headers=headers), body


def rows_of(operation: Operation, body: dict[str, Any]) -> Iterator[Row]:
    """The rows that apply to a route."""
    yield from (*rows.SYNTAX, *rows.SHAPE, *rows.ROUTE, *rows.CREDENTIALS)
    if operation.needs_key:
        yield from (*rows.KEY, rows.without_key())
    if operation.body is not None and operation.body(data={}).needs_something():
        yield rows.empty()


def judged(answer: Any, row: Row, operation: Operation) -> str:
    """What is wrong with an answer, nothing if it is as it must be."""
    if answer.headers["Content-Type"] != "application/problem+json":
        return f"{answer.status_code} {answer.content[:200]!r}"
    document = answer.json()
    as_wanted = answer.status_code in row.statuses and (not row.codes or document["code"] in row.codes)
    as_formed = MEMBERS <= set(document) <= MEMBERS | OWN and document["status"] == answer.status_code
    # A path that is not the route's, and a method it does not have, are not its operation.
    as_declared = answer.status_code == 404 or str(answer.status_code) in operation.declared
    named = document["request_id"] == answer.headers["X-Request-ID"]
    if as_wanted and as_formed and as_declared and named:
        return ""
    return f"{answer.status_code} {document['code']} {document.get('errors', '')}"


def unnamed(answer: Any, pointers: set[str]) -> str:
    """The wrong fields that an answer does not name."""
    found = {one["pointer"] for one in answer.json().get("errors", [])}
    missing = {one for one in pointers if not any(place == one or place.startswith(f"{one}/") for place in found)}
    return f"accepted: {sorted(missing)}, named: {sorted(found)}" if missing else ""


@pytest.mark.parametrize("operation", [one for one in writes() if one.is_resource], ids=str)
def test_bad_input_is_refused_and_changes_nothing(
    world: World, send: Callable[[Sent], Any], operation: Operation
) -> None:
    request, body = good(world, operation)
    before = digest()
    tried: list[tuple[Row, set[str]]] = [(row, set()) for row in rows_of(operation, body)]
    if operation.body is not None:
        found = wrong_bodies(operation.body, body)
        tried += [(rows.body(one.name, one.body), one.pointers) for one in found if one.pointers]
    wrong = []
    for row, pointers in tried:
        answer = send(row.spoil(request))
        if reason := judged(answer, row, operation) or (pointers and unnamed(answer, pointers)):
            wrong.append(f"{row.name}: {reason}")
    assert not wrong, "\n".join(wrong)
    after = digest()
    changed = sorted(name for name, mark in before.items() if after[name] != mark)
    assert not changed, _culprits(send, request, [row for row, _ in tried])


def _culprits(send: Callable[[Sent], Any], request: Sent, tried: list[Row]) -> str:
    """The rows after which something was changed."""
    found = []
    for row in tried:
        with savepoint():
            start = digest()
            send(row.spoil(request))
            after = digest()
        changed = [name for name, mark in after.items() if start[name] != mark]
        found += [f"{row.name} changed {changed}"] if changed else []
    return "\n".join(found)


@pytest.mark.parametrize("operation", [one for one in writes() if one.is_resource], ids=str)
def test_another_environments_things_are_not_there(
    world: World, send: Callable[[Sent], Any], operation: Operation
) -> None:
    example = EXAMPLES[operation.name]
    names_something = bool(example.things) or bool(PUBLIC_ID.search(json.dumps(example.body(world))))
    if example.who != "api" or operation.name == "events_batch" or not names_something:
        return  # a batch answers for each event by itself
    request, _ = good(world, operation)
    before = digest()
    theirs = send(replace(request, headers=request.headers | world.stranger.headers))
    assert theirs.headers["Content-Type"] == "application/problem+json", theirs.content
    assert theirs.status_code == 404 or (theirs.status_code == 422 and not example.things), theirs.content
    assert digest() == before
    if example.things:
        nobodys = PUBLIC_ID.sub(lambda found: ids.encode(found[1], ids.new()), request.path)
        ours = send(replace(request, path=nobodys, headers=request.headers | {"Idempotency-Key": "another"}))
        assert ours.status_code == 404
        assert without_id(ours.json()) == without_id(theirs.json())


def without_id(document: dict[str, Any]) -> dict[str, Any]:
    """A problem without what differs from request to request."""
    return {name: value for name, value in document.items() if name != "request_id"}


@pytest.mark.parametrize("row", rows.SYNTAX, ids=lambda row: row.name)
def test_the_payment_webhook_reads_as_strictly(world: World, send: Callable[[Sent], Any], row: Row) -> None:
    """It verifies the signature of the very bytes first, so each of these is signed."""
    operation = next(one for one in writes() if one.name == "webhooks_payment_create")
    sent = row.spoil(Sent(method="POST", path=operation.template, raw=b'{"event_id": "e", "status": "success"}'))
    signed = EXAMPLES[operation.name].headers(sent.raw)
    before = digest()
    answer = send(replace(sent, headers=sent.headers | signed))
    assert not judged(answer, replace(row, codes=()), operation)
    assert digest() == before


def test_methods_are_not_overridden(world: World) -> None:
    """Row 92: a POST that claims to be a DELETE stays a POST."""
    path = f"/api/v1/webhook-endpoints/{world.of('endpoint')}/test?_method=DELETE"
    answer = world.api.post(path, {}, **{"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"})
    assert answer.status_code == 202
    assert world.api.get(f"/api/v1/webhook-endpoints/{world.of('endpoint')}").status_code == 200


@pytest.mark.parametrize("method", ["FOO", "TRACE", "CONNECT", "PUT", "PROPFIND"])
def test_a_method_that_a_route_does_not_have_is_refused_with_those_it_has(world: World, method: str) -> None:
    """Row 94."""
    answer = world.nobody.client.generic(method, f"/api/v1/plans/{world.of('plan')}", headers=world.api.headers)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert {"GET", "PATCH"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("name", ["api_key", "key", "access_token", "token"])
def test_a_key_in_the_query_proves_nothing_and_is_not_logged(
    world: World, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Row 106."""
    secret = world.api.headers["X-API-Key"]
    with caplog.at_level(logging.INFO):
        answer = world.nobody.client.get(f"/api/v1/plans?{name}={secret}")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert secret not in caplog.text


@pytest.mark.parametrize("sent", ["xx-invalid;;q=9999", "de;q=1e5", "*" * 5000, "\u00e9", ""])
def test_a_language_that_nobody_speaks_is_harmless(world: World, sent: str) -> None:
    """Row 107, and the other headers of row 104."""
    headers = {"Accept-Language": sent, "Accept": "text/html;q=x", "Range": "bytes=0-1", "If-None-Match": '"x"'}
    answer = world.nobody.client.get("/api/v1/plans", headers=world.api.headers | headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("content_type", ["APPLICATION/JSON", "application/json;charset=UTF-8"])
def test_json_may_be_spelled_in_any_case_and_format_is_ignored(world: World, content_type: str) -> None:
    """Rows 26 and 28."""
    headers = world.api.headers | {"Idempotency-Key": world.code()}
    path, raw = "/api/v1/customers?format=xml", b'{"email": "a@example.com"}'
    answer = world.nobody.client.generic("POST", path, raw, content_type, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (201, "application/json")


def test_more_events_than_a_batch_may_hold_are_refused(world: World) -> None:
    """Row 23."""
    raw = b'{"events": [' + b"1," * 100_000 + b"1]}"
    headers = world.api.headers | {"Idempotency-Key": world.code()}
    answer = world.nobody.client.generic("POST", "/api/v1/events/batch", raw, "application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_items")
