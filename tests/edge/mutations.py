"""Bodies that are wrong in one way in every field at once, so that one answer judges all fields of a route."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from rest_framework import serializers as framework

from tests.edge import values

MASS = ("id", "is_admin", "created_at", "environment_id", "tenant_id")


@dataclass(kw_only=True)
class Wrong:
    """A body, and the places that the answer must name."""

    name: str
    body: dict[str, Any]
    pointers: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One field of a body: the object that holds it, found by steps, and its name there."""

    steps: tuple[Any, ...]
    name: str
    field: Any

    @property
    def pointer(self) -> str:
        return "".join(f"/{step}" for step in (*self.steps, self.name))

    def put(self, body: dict[str, Any], value: Any) -> None:
        """This function will set the field, or take it away for `...`."""
        holder: Any = body
        for step in self.steps:
            holder = holder[step]
        if value is ...:
            holder.pop(self.name, None)
        else:
            holder[self.name] = value


def wrong_bodies(serializer: Any, valid: dict[str, Any]) -> Iterator[Wrong]:
    """This function will make the wrong bodies of a route from its serializer class and a body that is right."""
    found = list(places(serializer(), valid, ()))
    leaves = [one for one in found if not _holds(one.field)]
    yield from _waves("value", valid, leaves, values.of)
    # From the inside out: what holds another field is judged without it.
    for place in (one for one in found if _holds(one.field)):
        yield from _waves(f"container {place.pointer}", valid, [place], values.containers)
    needed = [one for one in found if one.field.required and not one.steps]
    if needed:
        yield _made("nothing", {}, [(one, ...) for one in needed])
    yield _unknown(serializer, valid, found)


def places(serializer: Any, body: Any, steps: tuple[Any, ...]) -> Iterator[Place]:
    """This function will walk the fields that a body has room for."""
    for name, one in serializer.fields.items():
        yield Place(steps=steps, name=name, field=one)
        inner = body.get(name)
        child = getattr(one, "child", None)
        if isinstance(one, framework.Serializer) and isinstance(inner, dict):
            yield from places(one, inner, (*steps, name))
        elif isinstance(child, framework.Serializer) and isinstance(inner, list) and inner:
            yield from places(child, inner[0], (*steps, name, 0))


def _holds(one: Any) -> bool:
    return isinstance(one, (framework.BaseSerializer, framework.ListField))


def _waves(name: str, valid: dict[str, Any], found: list[Place], wrong: Callable[[Any], list[Any]]) -> Iterator[Wrong]:
    for number in count():
        chosen = [(one, options[number]) for one in found if number < len(options := wrong(one.field))]
        if not chosen:
            return
        yield _made(f"{name} {number}", valid, chosen)


def _made(name: str, valid: dict[str, Any], chosen: list[tuple[Place, Any]]) -> Wrong:
    body = deepcopy(valid)
    for place, value in chosen:
        place.put(body, value)
    return Wrong(name=name, body=body, pointers={place.pointer for place, _ in chosen})


def _unknown(serializer: Any, valid: dict[str, Any], found: list[Place]) -> Wrong:
    known = set(serializer().fields)
    chosen = [(Place(steps=(), name=name, field=None), True) for name in MASS if name not in known]
    inner = {one.steps for one in found if one.steps}
    chosen += [(Place(steps=steps, name="is_admin", field=None), True) for steps in inner]
    return _made("unknown fields", valid, chosen)
