"""Another environment's ids on every route, and its rows under raw SQL: they are not there, and stay as they are."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from core import ids, tenancy
from core.tenancy.operations import is_scoped
from core.tenancy.system import system_scope
from tests.edge.examples import EXAMPLES
from tests.edge.operations import Operation, lists, operations, writes
from tests.edge.state import digest_of
from tests.edge.test_lists import FOR_PEOPLE
from tests.edge.world import World, savepoint

PUBLIC_ID = re.compile(r"\b([a-z]{3})_[0-9a-z]{26}\b")
# 401 is for what proves who somebody is, such as a refresh token; all else is not there, or not a valid value.
REFUSED = {401, 404, 422}
# Who of somebody else's house asks what only such people may ask for; all else is asked by his backend.
RIVALS = {"owner": "rival_owner", "colleague": "rival_owner", "person": "rival_person"}
# What no write route beside it names, by the path.
NAMED = {
    "/api/v1/audit-log/{id}": ("entry",),
    "/api/v1/entitlements/{id}": ("entitlement",),
    "/api/v1/invoices/{id}/pdf": ("paid",),
    "/api/v1/invoices/{id}/receipt": ("paid",),
    "/api/v1/subscriptions/me/{subscription}/schedule": ("own_subscription",),
    "/api/v1/subscriptions/me/{subscription}/schedule/{id}": ("own_subscription", "own_change"),
    "/api/v1/subscriptions/{subscription}/schedule/{id}": ("subscription", "change"),
    "/api/v1/webhook-endpoints/{endpoint}/deliveries/{id}": ("endpoint", "delivery"),
}
# The environments and the members of a tenant are known to all its keys.
OF_TENANTS = ("environments_retrieve", "members_retrieve")
FILTERS = ("customer", "plan", "invoice", "wallet", "endpoint")
SCOPED = [model for model in apps.get_models() if is_scoped(model) and not model._meta.proxy]

Send = Callable[..., Any]


@pytest.fixture
def send(world: World) -> Send:
    """Sends a request of one of the two backends, each with a fresh key."""

    def sent(who: str, method: str, path: str, body: Any = None) -> Any:
        client = getattr(world, who)
        headers = (client() if callable(client) else client).headers | {"Idempotency-Key": world.code()}
        raw = b"" if body is None else json.dumps(body).encode()
        return world.nobody.client.generic(method, path, raw, "application/json", headers=headers)

    return sent


def is_refused(answer: Any) -> bool:
    """Refused whole, or as a batch of which nothing was accepted."""
    return answer.status_code in REFUSED or (answer.status_code == 202 and answer.json().get("accepted") == 0)


def nobodys(text: str) -> str:
    """The same text with ids that nothing has."""
    known: dict[str, str] = {}
    return PUBLIC_ID.sub(lambda found: known.setdefault(found[0], ids.encode(found[1], ids.new())), text)


def plain(answer: Any) -> tuple[int, Any]:
    """Status and document of an answer, without what differs from request to request."""
    document = json.loads(PUBLIC_ID.sub(r"\1_", answer.content.decode())) if answer.content else {}
    document.pop("request_id", None)
    return answer.status_code, document


def things_of(template: str) -> tuple[str, ...]:
    """The things whose ids stand in the path of a route that reads, as the write routes beside it name them."""
    if template in NAMED:
        return NAMED[template]
    resource = template.split("/{")[0]
    beside = (one for one in writes() if one.template.startswith(f"{resource}/{{") and EXAMPLES[one.name].things)
    return next((EXAMPLES[one.name].things for one in beside), ())


def reads() -> list[Operation]:
    return [one for one in operations() if one.method == "GET" and "{" in one.template]


def filled(world: World, template: str) -> str:
    things = iter(things_of(template))
    return "/".join(str(world.of(next(things))) if step.startswith("{") else step for step in template.split("/"))


def test_a_strangers_write_finds_nothing_and_changes_nothing(world: World, send: Send) -> None:
    tried, wrong = [], []
    for operation in writes():
        example = EXAMPLES[operation.name]
        path, body = example.path(world, operation.template), example.body(world)
        text = path + json.dumps(body)
        if example.is_signed or not PUBLIC_ID.search(text):
            continue
        who = RIVALS.get(example.who, "rival")
        for rival in ("rival_owner", "rival_person"):
            world.of(rival)
        tried.append(operation.name)
        before = digest_of(world.sandbox.environment_id)
        with savepoint():
            answer = send(who, operation.method, path, None if operation.method == "DELETE" else body)
            after = digest_of(world.sandbox.environment_id)
        with savepoint():
            of_nobody = send(
                who, operation.method, nobodys(path),
                None if operation.method == "DELETE" else json.loads(nobodys(json.dumps(body))),
            )  # fmt: skip
        if not is_refused(answer) or plain(answer) != plain(of_nobody) or before != after:
            changed = [name for name in before if before[name] != after[name]]
            wrong.append((operation.name, plain(answer), plain(of_nobody), changed))
    assert wrong == []
    assert len(tried) > len(writes()) // 2


@pytest.mark.parametrize("operation", reads(), ids=str)
def test_a_stranger_reads_nothing(world: World, send: Send, operation: Operation) -> None:
    path = filled(world, operation.template)
    query = "?currency=USD" if "statement" in path else ""
    is_own = operation.name in FOR_PEOPLE
    assert send("person" if is_own else "api", "GET", path + query).status_code == 200, "its owner reads it"
    for who in ("rival_person",) if is_own else ("rival", "stranger"):
        if who == "rival" or operation.name not in OF_TENANTS:
            answer = send(who, "GET", path + query)
            assert answer.status_code == 404, who
            assert plain(answer) == plain(send(who, "GET", nobodys(path) + query))


def filters() -> Iterator[tuple[Operation, str]]:
    """Every filter of a list that is called like a thing of the world."""
    for operation in lists():
        for parameter in operation.parameters:
            if parameter["in"] == "query" and parameter["name"] in FILTERS:
                yield operation, parameter["name"]


@pytest.mark.parametrize(("operation", "name"), list(filters()), ids=str)
def test_a_filter_by_a_strangers_thing_finds_nothing(world: World, send: Send, operation: Operation, name: str) -> None:
    thing = world.of("paid" if name == "invoice" else name)
    path = filled(world, operation.template)
    answer = send("stranger", "GET", f"{path}?{name}={thing}")
    assert answer.status_code in (200, 400, 404)
    assert answer.json().get("data", []) == []


@pytest.fixture(scope="module")
def tables(whole_world: World) -> list[tuple[str, Any]]:
    """The scoped tables that hold rows of the sandbox, with the key of one."""
    found = []
    with system_scope("test: which tables have rows"), connection.cursor() as cursor:
        for model in SCOPED:
            table, key = model._meta.db_table, model._meta.pk.column
            cursor.execute(
                f'SELECT "{key}" FROM "{table}" WHERE environment_id = %s LIMIT 1', [whole_world.sandbox.environment_id]
            )
            row = cursor.fetchone()
            if row:
                found.append((table, row[0]))
    return found


def rows_touched(statement: str, *values: Any) -> int:
    """How many rows a statement touched; none where it was refused."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            touched = cursor.rowcount
            transaction.set_rollback(True)
            return int(touched)
    except DatabaseError:
        return 0


def test_raw_sql_of_a_stranger_reaches_no_row(world: World, tables: list[tuple[str, Any]]) -> None:
    assert len(tables) > len(SCOPED) // 2
    stranger = world.live
    with tenancy.scope(stranger):
        reached = {
            (table, verb)
            for table, key in tables
            for verb, statement in (
                ("SELECT", f'SELECT 1 FROM "{table}" WHERE environment_id = %s'),
                ("UPDATE", f'UPDATE "{table}" SET environment_id = environment_id WHERE environment_id = %s'),
                ("DELETE", f'DELETE FROM "{table}" WHERE environment_id = %s'),
            )
            if rows_touched(statement, world.sandbox.environment_id)
        }
    assert reached == set()


def test_raw_sql_gives_no_row_to_a_stranger(world: World, tables: list[tuple[str, Any]]) -> None:
    with tenancy.scope(world.sandbox):
        given = {
            table
            for table, _ in tables
            if rows_touched(f'UPDATE "{table}" SET environment_id = %s', world.live.environment_id)
        }
    assert given == set()


def test_without_row_security_raw_sql_would_reach_them(world: World, tables: list[tuple[str, Any]]) -> None:
    """What the two above would say if the fence were down."""
    with system_scope("test: no fence"):
        reached = {
            table
            for table, _ in tables
            if rows_touched(f'SELECT 1 FROM "{table}" WHERE environment_id = %s', world.sandbox.environment_id)
        }
    assert reached == {table for table, _ in tables}
