"""Bodies that cannot be read are 400, bodies that say something wrong are 422; neither changes anything."""

import json
from typing import Any

import pytest

from core.http import refusals
from core.http.json import dumps, loads
from core.models import Tenant
from core.tests.http.conftest import Caller, problem

THING = {"name": "Acme", "slug": "acme"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "malformed_json")),
        (b'{"name":', (400, "malformed_json")),
        (b'\xef\xbb\xbf{"name": "a"}', (400, "malformed_json")),
        (b'{"name": "\xff"}', (400, "malformed_json")),
        (b'{"name": "\xc0\xaf"}', (400, "malformed_json")),
        (b'{"name": "\xed\xa0\x80"}', (400, "malformed_json")),
        (b'{"name": NaN}', (400, "malformed_json")),
        (b'{"name": -Infinity}', (400, "malformed_json")),
        (b'{"name": "a", "name": "b"}', (400, "malformed_json")),
        (b'{"name": "a\nb"}', (400, "malformed_json")),
        (b"[" * 100_000 + b"]" * 100_000, (400, "too_deep")),
        (b'{"a":' * 40 + b"1" + b"}" * 40, (400, "too_deep")),
        (b"[1]", (422, "object_expected")),
        (b'"text"', (422, "object_expected")),
        (b"null", (422, "object_expected")),
        (b'{"name": "\\u0000", "slug": "x"}', (422, "validation_failed")),
        (b'{"name": "\\ud800", "slug": "x"}', (422, "validation_failed")),
        (b'{"name": 1e400, "slug": "x"}', (422, "validation_failed")),
        (b'{"name": 5, "slug": "x"}', (422, "validation_failed")),
    ],
)
def test_a_bad_body_is_refused(edge: Caller, body: bytes, expected: tuple[int, str]) -> None:
    assert problem(edge.post("/api/v1/things", body)) == expected
    assert Tenant.objects.filter(slug="x").count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/json; charset=utf-7", "application/json; charset=latin-1", "application/json; charset=bogus"],
)  # fmt: skip
def test_only_json_in_utf8_is_read(edge: Caller, content_type: str) -> None:
    refused = edge.post("/api/v1/things", json.dumps(THING).encode(), content_type=content_type)
    assert problem(refused) == (415, "unsupported_media_type")


@pytest.mark.django_db
@pytest.mark.parametrize("content_type", ["APPLICATION/JSON", "application/json;charset=UTF-8"])
def test_json_may_be_spelled_in_any_case(edge: Caller, content_type: str) -> None:
    assert edge.post("/api/v1/things", json.dumps(THING), content_type=content_type).status_code == 201


@pytest.mark.django_db
def test_every_wrong_field_is_named_with_its_place(edge: Caller) -> None:
    body = {"name": " ", "is_admin": True, "address": {"city": 5, "zip": "1"}, "addresses": [{"city": "x"}, {}]}
    found = {(one["pointer"], one["code"]) for one in edge.post("/api/v1/things", body).json()["errors"]}
    assert found == {
        ("/name", "blank"), ("/slug", "required"), ("/is_admin", "unknown_field"), ("/address/city", "not_a_string"),
        ("/address/zip", "unknown_field"), ("/addresses/1/city", "required"),
    }  # fmt: skip


@pytest.mark.django_db
def test_a_body_over_the_limit_or_without_a_length_is_refused(edge: Caller, settings: Any) -> None:
    large = json.dumps({"name": "n" * settings.API_BODY_LIMIT})
    assert problem(edge.post("/api/v1/things", large)) == (413, "body_too_large")
    assert problem(edge.post("/api/v1/things", THING, Transfer_Encoding="chunked")) == (411, "length_required")
    settings.INGESTION_BODY_LIMIT = 10
    assert problem(edge.post("/api/v1/things", THING)) == (413, "body_too_large")


def test_numbers_keep_their_digits() -> None:
    document = loads(b'{"a": 29.990, "b": 12345678901234567890123, "c": 1}')
    assert [str(document[name]) for name in "abc"] == ["29.990", "12345678901234567890123", "1"]
    assert dumps({"a": document["a"]}) == b'{"a":"29.990"}'


def test_32_levels_are_read_and_33_are_not() -> None:
    loads(b"[" * 32 + b"]" * 32)
    with pytest.raises(refusals.TooDeep):
        loads(b"[" * 33 + b"]" * 33)


def test_a_type_without_a_form_in_json_is_an_error() -> None:
    with pytest.raises(TypeError):
        dumps({"a": object()})
