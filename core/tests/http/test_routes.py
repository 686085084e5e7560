"""Routes that are looked for by their first segment."""

from typing import Any

import pytest
from django.urls import Resolver404, URLResolver, get_resolver, re_path

from core import ids
from core.http import routes
from core.http.routes import BySegment

PREFIXES = ("sub", "cus", "inv", "pln", "gft", "job", "whe", "key", "wal", "cpn", "env")
MORE = ("api/v1/", "api/v1/nowhere", "api/v1/subscriptions/", "api/v1/subscriptionsx", "api/v1//subscriptions", "x")


def versioned() -> BySegment:
    return next(one for one in get_resolver().url_patterns if isinstance(one, BySegment))


def found(resolve: Any, path: str) -> Any:
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match.func, match.args, match.kwargs, match.url_name, match.route


def paths() -> list[str]:
    """Every route of the API, its parameters filled with ids of several kinds and with a word."""
    values = [ids.encode(prefix, ids.new()) for prefix in PREFIXES] + ["word"]
    known: Any = versioned().reverse_dict
    shapes = [ways[0][0][0] for ways in known.values()]
    names = {shape: [one.partition(")")[0] for one in shape.split("%(")[1:]] for shape in shapes}
    return [f"api/v1/{shape % dict.fromkeys(names[shape], value)}" for shape in shapes for value in values]


def test_they_are_those_that_django_would_find() -> None:
    ours = versioned()
    asked = [*paths(), *MORE]
    expected = {path: found(lambda path: URLResolver.resolve(ours, path), path) for path in asked}
    assert {path: found(ours.resolve, path) for path in asked} == expected
    assert len({one[4] for one in expected.values() if one}) > 80


def test_others_are_not_tried() -> None:
    with pytest.raises(Resolver404) as few:
        versioned().resolve("api/v1/subscriptions/nothing")
    tried = [str(one[-1].pattern) for one in few.value.args[0]["tried"]]
    assert 0 < len(tried) < 10
    assert all("subscriptions" in one for one in tried)


@pytest.mark.parametrize(
    ("pattern", "slashes"),
    [
        (r"^things\Z", 0),
        (r"^things/(?P<pk>thg_[0-7][0-9a-hjkmnp-tv-z]{25})/cancel\Z", 2),
        (r"^things/(?P<pk>[^/.]+)\Z", 1),
        (r"^things/(?P<pk>[^.]+)\Z", None),
        (r"^things/(?P<rest>.*)\Z", None),
        (r"^things(/old)?\Z", None),
        (r"^things/?\Z", None),
        (r"^things|other/old\Z", None),
    ],
)
def test_a_route_of_paths_of_several_lengths_is_always_tried(pattern: str, slashes: int | None) -> None:
    assert routes._slashes(re_path(pattern, list)) == slashes
