"""Every write route accepts its example: without that, a refusal of the catalogue would prove nothing."""

import json

import pytest

from tests.edge.examples import EXAMPLES
from tests.edge.operations import Operation, writes
from tests.edge.world import World


def test_every_write_route_has_an_example() -> None:
    assert {one.name for one in writes()} == set(EXAMPLES)


@pytest.mark.parametrize("operation", writes(), ids=str)
def test_the_example_of_a_write_route_is_accepted(world: World, operation: Operation) -> None:
    example = EXAMPLES[operation.name]
    path, raw = example.path(world, operation.template), json.dumps(example.body(world)).encode()
    headers = example.client(world).headers | {"Idempotency-Key": world.code()} | example.headers(raw)
    raw = b"" if operation.method == "DELETE" else raw
    answer = world.nobody.client.generic(operation.method, path, raw, "application/json", headers=headers)
    assert 200 <= answer.status_code < 300, answer.content
    assert str(answer.status_code) in operation.declared
