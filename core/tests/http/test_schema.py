"""The API's description says what a resource declares."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from core.tests.http import edge


@pytest.fixture
def described() -> Any:
    """The description of the small API."""
    generator: Any = SchemaGenerator
    return generator(patterns=edge.urlpatterns).get_schema(request=None, public=True)


def _operation(described: Any, path: str, method: str) -> Any:
    return described["paths"][f"/api/v1/things{path}"][method]


def _parameters(operation: Any) -> dict[str, Any]:
    return {one["name"]: one for one in operation.get("parameters", [])}


def test_operations_have_stable_names_tags_and_summaries(described: Any) -> None:
    assert _operation(described, "", "get")["operationId"] == "things_list"
    assert _operation(described, "/secret", "post")["operationId"] == "things_secret"
    assert _operation(described, "/hello", "get")["operationId"] == "things_hello_get"
    assert _operation(described, "/{id}", "get")["tags"] == ["things"]
    assert _operation(described, "/{id}", "get")["summary"] == "Show a thing"
    assert _operation(described, "/secret", "post")["summary"] == "Make a secret"


def test_a_key_is_described_where_it_is_heeded(described: Any) -> None:
    assert _parameters(_operation(described, "", "post"))["Idempotency-Key"]["required"] is True
    assert "required" not in _parameters(_operation(described, "/{id}", "delete"))["Idempotency-Key"]
    assert "Idempotency-Key" not in _parameters(_operation(described, "/hello", "post"))
    assert "Idempotency-Key" not in _parameters(_operation(described, "", "get"))


def test_lists_describe_their_filters_and_their_envelope(described: Any) -> None:
    operation = _operation(described, "", "get")
    assert _parameters(operation).keys() == {"name", "created_from", "limit", "cursor"}
    assert _parameters(operation)["created_from"]["schema"] == {"type": "string", "format": "date-time"}
    page = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert described["components"]["schemas"][page]["required"] == ["data", "next", "previous"]


def test_bodies_and_problems_are_described(described: Any) -> None:
    schemas = described["components"]["schemas"]
    assert schemas["NewThing"]["properties"]["slug"] == {"type": "string", "maxLength": 40, "minLength": 1}
    assert schemas["NewThing"]["required"] == ["name", "slug"]
    assert schemas["ThingBody"]["properties"]["id"]["pattern"] == "^tnt_"
    # The limits of what may be sent say nothing of what is shown, which may be empty.
    assert schemas["ThingBody"]["properties"]["name"] == {"type": "string"}
    answers = _operation(described, "", "post")["responses"]
    assert {"400", "401", "403", "404", "409", "411", "413", "415", "422", "429", "503"} <= set(answers)
    assert answers["422"] == {"$ref": "#/components/responses/Problem422"}
    assert described["components"]["responses"]["Problem422"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    assert "204" in _operation(described, "/{id}", "delete")["responses"]
