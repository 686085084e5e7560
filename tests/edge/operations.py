"""The operations of the API as the router knows them, with what the API's description declares of each."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one route."""

    name: str
    method: str
    template: str
    view: Any
    declared: frozenset[str]
    parameters: tuple[dict[str, Any], ...]

    def __str__(self) -> str:
        return self.name

    @property
    def is_write(self) -> bool:
        return self.method not in SAFE

    @property
    def is_resource(self) -> bool:
        """Whether it passes the gates of `core.http.views.Resource`; the others look after themselves."""
        return hasattr(self.view, "request_bodies")

    @property
    def body(self) -> Any:
        """The serializer class of its body, None if it takes none."""
        return self.view.request_bodies.get(self.view.action) if self.is_resource else None

    @property
    def needs_key(self) -> bool:
        """Whether an Idempotency-Key is required."""
        return any(one["name"] == "Idempotency-Key" and one.get("required") for one in self.parameters)


@lru_cache(maxsize=1)
def described() -> dict[str, Any]:
    """This function will return the API's description."""
    return dict(SchemaGenerator().get_schema(request=None, public=True))


@lru_cache(maxsize=1)
def operations() -> tuple[Operation, ...]:
    """This function will return every operation of the router that is described."""
    generator = SchemaGenerator()
    generator._initialise_endpoints()
    found = []
    for path, _regex, method, view in generator._get_paths_and_endpoints():
        said = described()["paths"].get(path, {}).get(method.lower())
        if said is not None:
            found.append(_operation(path, method, view, said))
    return tuple(found)


def _operation(path: str, method: str, view: Any, said: dict[str, Any]) -> Operation:
    return Operation(
        name=said["operationId"], method=method, template=path, view=view,
        declared=frozenset(said["responses"]), parameters=tuple(said.get("parameters", ())),
    )  # fmt: skip


def writes() -> list[Operation]:
    """This function will return the operations that may change something."""
    return [one for one in operations() if one.is_write]


def lists() -> list[Operation]:
    """This function will return the operations that answer page by page."""
    return [one for one in operations() if any(parameter["name"] == "cursor" for parameter in one.parameters)]
