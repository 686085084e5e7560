"""Webhook signatures."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st
from standardwebhooks import Webhook

from core import signatures
from core.conformance import Case
from tests.conformance import cases, check

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1767225600
BODY = b'{"type":"invoice.paid"}'
ID = "evt_01J00000000000000000000001"
GOOD = signatures.sign_standard([SECRET], ID, NOW, BODY)


@pytest.mark.parametrize("case", cases("signature"))
def test_signing_and_verifying(case: Case) -> None:
    check("signature", case)


@generated(body=st.binary(), timestamp=st.integers(0, 10**11))
def test_what_is_signed_is_verified_and_nothing_else(body: bytes, timestamp: int) -> None:
    keys, now = [signatures.new_secret()], timestamp
    standard = signatures.sign_standard(keys, ID, timestamp, body)
    assert signatures.verify_standard(keys, ID, str(timestamp), body, standard, now)
    assert not signatures.verify_standard(keys, ID, str(timestamp), body + b"x", standard, now)
    assert signatures.verify_stripe(keys, body, signatures.sign_stripe(keys[0], timestamp, body), now)
    payment = signatures.sign_payment(keys[0], timestamp, body)
    assert signatures.verify_payment(keys, str(timestamp), body, payment, now)
    assert not signatures.verify_payment([signatures.new_secret()], str(timestamp), body, payment, now)


@generated(text=st.text(), other=st.text(), secret=st.text())
def test_malformed_input_is_false_and_never_raises(text: str, other: str, secret: str) -> None:
    assert not signatures.verify_standard([secret], other, text, b"\xff", text, NOW)
    assert not signatures.verify_standard([secret], ID, str(NOW), b"\xff", text, NOW)
    assert not signatures.verify_payment([secret], other, b"\xff", text, NOW)
    assert not signatures.verify_stripe([secret], b"\xff", text, NOW)


@pytest.mark.parametrize(
    "timestamp",
    ["1767225600.9", "1.7e9", " 1767225600 ", "1_767225600", "١٧٦٧٢٢٥٦٠٠", "nan", "inf", "-1", "1" * 30, "", "+1"],
)
def test_a_timestamp_is_digits(timestamp: str) -> None:
    payment = signatures.sign_payment("k", timestamp, BODY)
    assert not signatures.verify_payment(["k"], timestamp, BODY, payment, NOW)


@pytest.mark.parametrize(
    "header",
    [
        GOOD.replace("=", "*="),
        GOOD + " ",
        " " + GOOD,
        GOOD + "," + GOOD,
        GOOD + " v1",
        f"{GOOD} v1,AAAA",
        " ".join([GOOD] * 11),
    ]
    + [GOOD.upper(), GOOD[:-2] + "B=", GOOD + "\n"],
)
def test_a_header_that_is_not_quite_right_is_false(header: str) -> None:
    assert not signatures.verify_standard([SECRET], ID, str(NOW), BODY, header, NOW)


def test_versions_that_are_not_ours_are_passed_over() -> None:
    newer = "v1a," + base64.b64encode(bytes(64)).decode()
    assert signatures.verify_standard([SECRET], ID, str(NOW), BODY, f"{newer} {GOOD}", NOW)


def test_during_a_rotation_both_secrets_sign_and_either_verifies() -> None:
    old, new = signatures.new_secret(), signatures.new_secret()
    header = signatures.sign_standard([new, old], ID, NOW, BODY)
    assert len(header.split(" ")) == 2
    for secret in (old, new):
        assert signatures.verify_standard([secret], ID, str(NOW), BODY, header, NOW)
    assert not signatures.verify_standard([signatures.new_secret()], ID, str(NOW), BODY, header, NOW)


def test_the_reference_library_makes_the_same_signature() -> None:
    theirs = Webhook(SECRET).sign(ID, datetime.fromtimestamp(NOW, UTC), BODY.decode())
    assert theirs == GOOD


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_*", "whsec_MfKQ!", "whsec_é"])
def test_a_malformed_secret_signs_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        signatures.sign_standard([secret], ID, NOW, BODY)
    assert not signatures.verify_standard([secret], ID, str(NOW), BODY, GOOD, NOW)


@pytest.mark.parametrize(
    ("message_id", "timestamp"), [("a.b", NOW), ("", NOW), ("x" * 129, NOW), (ID, -1), (ID, 10**12)]
)
def test_what_could_not_be_verified_is_not_signed(message_id: str, timestamp: int) -> None:
    with pytest.raises(ValueError, match="message id"):
        signatures.sign_standard([SECRET], message_id, timestamp, BODY)


def test_an_empty_secret_verifies_nothing() -> None:
    assert not signatures.verify_payment([""], str(NOW), BODY, signatures.sign_payment("", NOW, BODY), NOW)
    assert not signatures.verify_stripe([""], BODY, signatures.sign_stripe("", NOW, BODY), NOW)


@pytest.mark.parametrize(
    "change",
    [lambda header: header.upper(), lambda header: header + ",t=1", lambda header: header + "," * 20]
    + [
        lambda header: header + ",v1=00",
        lambda header: header.replace(",", ", "),
        lambda header: header + ",v1=" + "0" * 64 + "x",
    ],
)
def test_a_stripe_header_that_is_not_quite_right_is_false(change: Any) -> None:
    header = signatures.sign_stripe("k", NOW, BODY)
    assert signatures.verify_stripe(["k"], BODY, header + ",v0=00", NOW)
    assert not signatures.verify_stripe(["k"], BODY, change(header), NOW)
