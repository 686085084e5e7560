"""Bodies that hold what must never be stored."""

import json
from typing import Any

import pytest

from core.http import refusals, sensitive

PAN = "4242 4242 4242 4242"


def refused(document: Any, *, ascii_only: bool = False) -> list[tuple[str, str]]:
    raw = json.dumps(document, ensure_ascii=ascii_only).encode()
    try:
        sensitive.refuse(raw, document)
    except refusals.ValidationFailed as failed:
        return [(one["pointer"], one["code"]) for one in failed.members["errors"]]
    return []


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"name": f"Ada {PAN}"}, "/name"),
        ({"metadata": {"a": "5555555555554444"}}, "/metadata/a"),
        ({"list": [{"x": "6011-1111-1111-1117"}]}, "/list/0/x"),
        ({"reset_token": "4242424242424242"}, "/reset_token"),
        ({"4242424242424242": 1}, ""),
        ({"name": "4242\u00a04242\u00a04242\u00a04242"}, "/name"),
    ],
)
def test_a_card_number_is_refused_wherever_it_would_be_stored(document, pointer):
    assert refused(document) == [(pointer, "card_number_not_allowed")]
    assert refused(document, ascii_only=True) == [(pointer, "card_number_not_allowed")]


def test_a_card_number_that_is_escaped_is_refused():
    raw = b'{"name": "\\u0034242424242424242"}'
    with pytest.raises(refusals.ValidationFailed):
        sensitive.refuse(raw, json.loads(raw))


@pytest.mark.parametrize(
    "text", ["sk_live_0123456789abcdef", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "Bearer abc.def-0123456789",
             "eyJhbGciOi.eyJzdWIiOi.c2ln", "-----BEGIN PRIVATE KEY-----\nx", "https://user:pass@example.com/"],
)  # fmt: skip
def test_a_credential_is_refused_except_where_one_is_asked_for(text):
    assert refused({"note": text}) == [("/note", "secret_not_allowed")]
    assert refused({"refresh_token": text, "password": text}) == []


@pytest.mark.parametrize(
    "document",
    [
        {"password": "4242424242424242", "new_password": PAN},
        {"card": {"number": "4242424242424242"}},
        {"amount_minor": 4242424242424242, "at": "2026-01-15T12:00:00Z", "id": "550e8400-e29b-41d4-a716-446655440000"},
        {"url": "https://example.com/a@b", "note": "a Basic plan, order 4242424242424241"},
    ],
)
def test_everything_else_passes(document):
    assert refused(document) == []
