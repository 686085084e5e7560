"""A change that was decided about an older state is refused, on every route that shows and changes one resource."""

import json
from typing import Any

import pytest
from django.test import override_settings

from tests.edge.examples import EXAMPLES
from tests.edge.operations import Operation, operations, writes
from tests.edge.state import digest
from tests.edge.world import World

SHOWN = {one.template for one in operations() if one.method == "GET"}
CHANGES = [one for one in writes() if one.method in ("PATCH", "PUT") and one.template in SHOWN]


def sent(world: World, operation: Operation, **headers: str) -> Any:
    """The example of a change, with a precondition."""
    example = EXAMPLES[operation.name]
    raw = json.dumps(example.body(world)).encode()
    known = example.client(world).headers | {name.replace("_", "-"): value for name, value in headers.items()}
    path = example.path(world, operation.template)
    return world.nobody.client.generic(operation.method, path, raw, "application/json", headers=known)


def shown(world: World, operation: Operation) -> Any:
    """What a look at the same resource answers."""
    return world.api.get(EXAMPLES[operation.name].path(world, operation.template))


def test_the_walk_finds_the_changes() -> None:
    assert len(CHANGES) >= 8


@pytest.mark.parametrize("operation", CHANGES, ids=str)
def test_a_change_passes_with_the_present_tag_and_with_no_older_one(world: World, operation: Operation) -> None:
    tag = shown(world, operation).headers["ETag"]
    before = digest()
    stale = sent(world, operation, If_Match='"0123456789abcdef0123456789abcdef"')
    assert (stale.status_code, stale.json()["code"], stale.json()["etag"]) == (412, "precondition_failed", tag)
    assert digest() == before
    changed = sent(world, operation, If_Match=f'"other", {tag}')
    assert changed.status_code == 200, changed.content
    assert changed.headers["ETag"] == shown(world, operation).headers["ETag"] != tag
    assert sent(world, operation, If_Match=tag).status_code == 412
    assert sent(world, operation, If_Match="*").status_code == 200


@pytest.mark.parametrize("operation", CHANGES, ids=str)
def test_where_it_is_required_a_change_without_a_tag_is_refused(world: World, operation: Operation) -> None:
    before = digest()
    with override_settings(IF_MATCH_REQUIRED=True):
        refused = sent(world, operation)
        assert (refused.status_code, refused.json()["code"]) == (428, "precondition_required")
        assert digest() == before
        assert sent(world, operation, If_Match=shown(world, operation).headers["ETag"]).status_code == 200


def test_another_environments_resource_is_not_there_whatever_the_tag(world: World) -> None:
    path = f"/api/v1/plans/{world.of('plan')}"
    for tag in ("*", '"x"'):
        assert world.stranger.patch(path, {"name": "Mine"}, **{"If-Match": tag}).status_code == 404
