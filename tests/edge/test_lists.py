"""Queries, cursors and filters of every list: rows 34 and 83 to 89 of the catalogue."""

from typing import Any
from urllib.parse import urlencode

import pytest

from core.http.filters import BooleanFilter, CurrencyFilter, IdFilter, InstantFilter, MinorFilter, WordFilter
from tests.edge.operations import Operation, lists
from tests.edge.world import World

LIMITS = ("-1", "0", "101", "1000000000", "abc", "", " 5", "1e1", "5.0", "\u0665", "+5")
CURSORS = ("junk", "", "\u00e9", "AAAA", "=" * 100, "a" * 5000, "../../x", "' OR 1=1 --")
# Values that a filter of a kind may not take for one of its own.
WRONG: dict[type, tuple[str, ...]] = {
    IdFilter: ("5", "", "x_1", "\u0663", "0190b3c4-0000-7000-8000-000000000000"),
    InstantFilter: ("2026-03-29", "2026-03-29T02:30:00", "now", ""),
    WordFilter: ("A MOST UNLIKELY WORD", "", "null"),
    BooleanFilter: ("yes", "1", "TRUE"),
    CurrencyFilter: ("usd", "ZZZ", ""),
    MinorFilter: ("-1", "1.5", "\u0663", "9" * 25, ""),
}
MALFORMED = {
    "limit=5&limit=6": "duplicate_parameter", "limit=%ff": "invalid_parameter", "%ff=1": "invalid_parameter",
    "&".join(f"p{number}=1" for number in range(5_000)): "malformed_request",
}  # fmt: skip
# In the order in which the ids in their paths are asked for.
PARENTS = {"subscriptions": "subscription", "coupons": "coupon", "wallets": "wallet", "plans": "plan",
           "webhook-endpoints": "endpoint", "invoices": "paid",
           "me": "own_subscription"}  # fmt: skip
FOR_PEOPLE = ("subscriptions_me_list", "subscriptions_me_schedule_list", "subscriptions_me_schedule_retrieve")


def place(world: World, operation: Operation) -> tuple[str, Any]:
    """The path of a list and the client who may read it; one that wants a customer named is told."""
    steps = operation.template.split("/")
    path = "/".join(
        str(world.of(PARENTS[steps[index - 1]])) if step.startswith("{") else step for index, step in enumerate(steps)
    )
    return path, world.person() if operation.name in FOR_PEOPLE else world.api


def needs(world: World, operation: Operation) -> dict[str, str]:
    """The parameters without which a list is not answered."""
    names = {"customer"} if operation.name == "payments_history_list" else set()
    return {name: str(world.of("customer")) for name in names}


@pytest.mark.parametrize("operation", lists(), ids=str)
def test_a_query_that_means_nothing_is_refused(world: World, operation: Operation) -> None:
    path, client = place(world, operation)
    known = needs(world, operation)
    accepted = client.get(path, **known)
    assert accepted.status_code == 200, accepted.content
    said = [({"limit": text}, "invalid_parameter") for text in LIMITS]
    said += [({"cursor": text}, "invalid_cursor") for text in CURSORS]
    said += [({"is_admin": "1"}, "unknown_parameter"), ({"order_by": "id"}, "unknown_parameter")]
    filters = getattr(operation.view, "filterset_class", None)
    for name, one in (filters.base_filters if filters else {}).items():
        kind = next((kind for kind in type(one).__mro__ if kind in WRONG), None)
        said += [({name: text}, "invalid_parameter") for text in (WRONG[kind] if kind else ())]
    wrong = [
        f"{query}: {answer.status_code} {answer.content[:200]!r}"
        for query, code in said
        if (answer := client.get(path, **known | query)).status_code != 400 or answer.json()["code"] != code
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("operation", lists(), ids=str)
def test_a_query_that_is_malformed_is_refused(world: World, operation: Operation) -> None:
    path, client = place(world, operation)
    for query, code in MALFORMED.items():
        answer = client.client.get(f"{path}?{query}", headers=client.headers)
        assert (answer.status_code, answer.json()["code"]) == (400, code), query[:30]


def test_a_cursor_is_good_for_its_list_its_filters_and_its_environment_alone(world: World) -> None:
    for _ in range(2):
        world.make("customers", {"email": f"{world.code()}@example.com"})
    cursor = world.api.get("/api/v1/customers", limit="1").json()["next"]
    assert world.api.get("/api/v1/customers", limit="1", cursor=cursor).status_code == 200
    elsewhere = [
        (world.api, "/api/v1/plans", {}),
        (world.api, "/api/v1/customers", {"email": "a@example.com"}),
        (world.stranger, "/api/v1/customers", {}),
    ]
    for client, path, query in elsewhere:
        answer = client.get(path, cursor=cursor, **query)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), (path, query)
    for position in range(0, len(cursor), 7):
        bent = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
        assert world.api.get("/api/v1/customers", cursor=bent).status_code == 400, position


@pytest.mark.parametrize("text", ["'; DROP TABLE x; --", "%", "_", "${7*7}", "{{7*7}}", "{0.__class__}"])
def test_what_a_database_or_a_template_could_read_is_only_text(world: World, text: str) -> None:
    """Rows 43 and 44."""
    world.make("customers", {"email": f"{world.code()}@example.com", "name": "Ada", "external_ref": "ref"})
    found = world.api.get(f"/api/v1/customers?{urlencode({'external_ref': text})}")
    assert (found.status_code, found.json()["data"]) == (200, [])
    named = world.make("customers", {"email": f"{world.code()}@example.com", "name": text})
    assert named["name"] == text
