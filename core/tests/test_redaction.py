"""Redaction: what of foreign data is stored."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core import redaction
from core.conformance import Case
from core.redaction import MAX_ITEMS, MAX_TEXT, REDACTED, holds_card, redact, redact_lines, redact_text
from tests.conformance import cases, check

PAN = "4242424242424242"
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.decimals(), st.datetimes()
)
KEYS = st.one_of(st.text(), st.integers(), st.none(), st.sampled_from(["password", "number", "card", "kid"]))
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(KEYS, inner), st.tuples(inner, inner)),
    max_leaves=30,
)


class Hostile(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("case", cases("redact"))
def test_secrets_are_replaced_and_the_rest_stays(case: Case) -> None:
    check("redact", case)


@generated(ANYTHING)
def test_whatever_comes_the_answer_is_json(value: Any) -> None:
    json.dumps(redact(value), allow_nan=False).encode()


@generated(ANYTHING)
def test_redacting_twice_changes_nothing_but_hashes(value: Any) -> None:
    once = redact(value)
    assert json.dumps(redact(once)).count(PAN) == 0
    assert redact({"password": value}) == {"password": REDACTED}


@generated(st.dictionaries(KEYS, ANYTHING))
def test_keys_that_are_judged_together_are_judged_as_one_by_one(value: dict[Any, Any]) -> None:
    assert repr(redact(value)) == repr(redact(MappingProxyType(value)))


@generated(st.from_regex(redaction._HARMLESS, fullmatch=True))
def test_what_counts_as_harmless_is_no_secret_to_the_patterns_either(text: str) -> None:
    assert redaction._judged_text(text) == text


@pytest.mark.parametrize("text", ["ghp_" + "a" * 26, "sk_" + "a" * 26, "of.sk_abcdefghij", "a.b_c.xoxb_abcdefghij"])
def test_words_and_ids_that_are_credentials_are_not_harmless(text: str) -> None:
    assert redact(text) == REDACTED


@pytest.mark.parametrize(
    "key",
    [
        "clientSecret",
        "X-API-KEY",
        "Proxy-Authorization",
        "db_dsn",
        "card_pan",
        "passwd",
        "giftCode",
        "CVV2",
        "key",
        "sessionId",
    ]
    + ["webhook signature", "account-number", "access tokens"],
)
def test_secret_keys(key: str) -> None:
    assert redact({key: {"deep": 1}}) == {key: REDACTED}


@pytest.mark.parametrize(
    "key", ["token_type", "key_id", "api_key_id", "kid", "secret_shown", "password_changed_at", "timespan", "shipping"]
)
def test_false_friends_pass(key: str) -> None:
    assert redact({key: "x1"}) == {key: "x1"}


def test_a_false_friend_does_not_hide_a_secret() -> None:
    assert redact({"token_type": f"card {PAN}"}) == {"token_type": REDACTED}


def test_numbers_and_codes_are_secret_only_where_they_are() -> None:
    assert redact({"card": {"number": "1", "brand": "visa"}, "gift": [{"code": "x"}]}) == {
        "card": {"number": REDACTED, "brand": "visa"},
        "gift": [{"code": REDACTED}],
    }
    assert redact({"invoice": {"number": "INV-1"}, "plan": {"code": "pro"}}) == {
        "invoice": {"number": "INV-1"},
        "plan": {"code": "pro"},
    }


def test_what_must_be_comparable_is_hashed() -> None:
    first, second = redact({"Idempotency-Key": "a"}), redact({"Idempotency-Key": "b"})
    assert first["Idempotency-Key"].startswith("sha256:")
    assert first != second
    assert redact({"next_page_token": {"a": 1}}) == {"next_page_token": REDACTED}


@pytest.mark.parametrize(
    "text",
    [
        f"paid with {PAN} today",
        "4000-0566-5566-5556",
        "see https://user:pw@host/x",
        "eyJhbGciOi.eyJzdWIiOi.c2ln",
        f"a {PAN}",
    ]
    + ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "xoxb-1234567890", "Token abcdefgh", "digest abc12345678"],
)
def test_values_that_look_like_secrets(text: str) -> None:
    assert redact({"note": text}) == {"note": REDACTED}


@pytest.mark.parametrize(
    "text",
    [
        "Basic subscription",
        "Basic abcde",
        "Basic",
        "The bearer of this card",
        "550e8400-e29b-41d4-a716-446655440002",
        "1767225600000000",
    ]
    + [
        "INV-202506-00001",
        "https://host/a:b",
        "user@example.com",
        "skip_this_one_please",
        "2025-06-01 12:00:00",
        "4242",
    ],
)
def test_values_that_only_look_a_little_like_secrets(text: str) -> None:
    assert redact({"note": text}) == {"note": text}


def test_a_card_number_sent_as_a_number_is_not_kept() -> None:
    assert redact({"n": int(PAN), "m": 1050}) == {"n": REDACTED, "m": 1050}


def test_a_card_number_as_a_key_is_not_kept() -> None:
    assert redact({PAN: 1}) == {REDACTED: 1}


def test_sizes_are_limited_and_said() -> None:
    long = redact({"text": "x" * 2000, "list": list(range(300)), "bytes": b"abc"})
    assert long["text"] == "x" * MAX_TEXT + "…[+976]"
    assert long["list"][-1] == "[+100 items]"
    assert long["bytes"] == "[3 bytes]"
    wide = redact({f"k{number}": number for number in range(250)})
    assert len(wide) == MAX_ITEMS + 1
    assert wide["…"] == "[+50 keys]"


def test_a_secret_across_the_cut_is_seen() -> None:
    assert redact("x" * (MAX_TEXT - 8) + f" {PAN}") == REDACTED


def test_a_long_key_does_not_hide_a_secret() -> None:
    assert redact({"x" * 5000 + "_password": "y"}) == {"x" * MAX_TEXT + "…[+3985]": REDACTED}
    assert redact({"x_" * 5000 + "iban": "y"}) == {"x_" * (MAX_TEXT // 2) + "…[+8980]": REDACTED}


def test_depth_is_limited_also_in_a_circle() -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    assert "[TOO DEEP]" in json.dumps(redact(circle))
    ring: list[Any] = []
    ring.append(ring)
    assert "[TOO DEEP]" in json.dumps(redact(ring))


def test_foreign_objects_are_named_and_hostile_ones_survived() -> None:
    assert redact({"a": Decimal("1.50"), "b": object()}) == {"a": "1.50", "b": "[object]"}
    assert redact([10**5000, -1]) == ["[16610 bits]", -1]
    assert redact({"a": Hostile()}) == {"a": "[UNREADABLE]"}


def test_text_that_no_database_takes_is_made_storable() -> None:
    assert redact({"a": "x\x00y\ud800z"}) == {"a": "x\ufffdy?z"}


def test_a_free_text_keeps_what_is_around_its_secrets() -> None:
    text = (
        f"POST failed: Authorization: Bearer abcdef0123456789, card {PAN}, "
        "Basic dXNlcjpwYXNzd29yZA== for sub_01hzy3k7v8"
    )
    expected = f"POST failed: Authorization: {REDACTED}, card {REDACTED}, {REDACTED} for sub_01hzy3k7v8"
    assert redact_text(text) == expected
    assert redact_text("a Basic plan, order 4242424242424241") == "a Basic plan, order 4242424242424241"


def test_a_key_of_many_lines_is_one_secret() -> None:
    text = "before\n-----BEGIN PRIVATE KEY-----\nabc\ndef\n-----END PRIVATE KEY-----\nafter"
    assert redact_lines(text) == f"before\n{REDACTED}\nafter"


def test_two_credentials_in_one_path_are_both_secret() -> None:
    token = "Bearer abcdef-0123456789"
    assert redact_text(f"/a/{token}/b/{token}/c") == f"/a/{REDACTED}"


@pytest.mark.parametrize(
    "text", ["4242 4242 4242 4242", "378282246310005", "6011-1111-1111-1117", "card 5555555555554444"]
)
def test_what_the_networks_issue_is_a_card(text: str) -> None:
    assert holds_card(text)


@pytest.mark.parametrize("text", ["4242424242424241", "424242424242424242", "2025-01-15 12:00", "a1b2c3d4e5f6", ""])
def test_other_long_numbers_are_not(text: str) -> None:
    assert not holds_card(text)


@generated(st.text(max_size=300), st.text(max_size=300))
def test_a_free_text_never_keeps_a_card_number(before: str, after: str) -> None:
    assert PAN not in redact_text(f"{before} {PAN} {after}")
