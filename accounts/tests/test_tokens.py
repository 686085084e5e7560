"""Access tokens: ours are read, everything that only looks like one is refused."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from accounts import tokens
from core import ids

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SECRET, OLD_SECRET = "a" * 64, "b" * 64
RING = tokens.Keyring(issuer="https://bills.example", secret=SECRET, previous=(OLD_SECRET,))
CLAIMS = tokens.Claims(
    subject="cus_01h455vb4pex5vsknk084sn02q",
    environment_id=ids.new(),
    session_version=3,
    session=ids.new(),
    authenticated_at=NOW - timedelta(minutes=1),
)


def payload(**changes: Any) -> dict[str, Any]:
    issued = int(NOW.timestamp())
    ours = {
        "iss": RING.issuer, "aud": tokens.AUDIENCE, "iat": issued, "nbf": issued, "exp": issued + 1800, "jti": "j",
        "sub": CLAIMS.subject, "env": str(CLAIMS.environment_id), "sv": 3, "sid": str(CLAIMS.session),
        "auth_time": issued - 60,
    }  # fmt: skip
    return {name: value for name, value in {**ours, **changes}.items() if value is not ...}


def signed(body: Any = None, *, secret: str = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    whole = {"typ": "at+jwt", "kid": tokens.kid_of(SECRET)} | header
    whole = {name: value for name, value in whole.items() if value is not ...}
    return jwt.encode(payload() if body is None else body, secret, algorithm, headers=whole)


def raw(header: Any, body: Any, signature: str = "A" * 43) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(body)}.{signature}"


def test_a_token_says_what_was_written_into_it() -> None:
    token = tokens.write(CLAIMS, keyring=RING, now=NOW)
    assert tokens.read(token, keyring=RING, now=NOW) == CLAIMS


def test_the_hand_made_token_of_these_tests_is_a_good_one() -> None:
    assert tokens.read(signed(), keyring=RING, now=NOW) == CLAIMS


def test_a_token_lives_half_an_hour_and_the_leeway() -> None:
    token = tokens.write(CLAIMS, keyring=RING, now=NOW)
    tokens.read(token, keyring=RING, now=NOW + timedelta(minutes=30, seconds=29))
    with pytest.raises(tokens.TokenRefused):
        tokens.read(token, keyring=RING, now=NOW + timedelta(minutes=30, seconds=30))


def test_a_replaced_secret_still_opens_by_its_kid() -> None:
    before = tokens.Keyring(issuer=RING.issuer, secret=OLD_SECRET)
    token = tokens.write(CLAIMS, keyring=before, now=NOW)
    assert tokens.read(token, keyring=RING, now=NOW) == CLAIMS
    with pytest.raises(tokens.TokenRefused):
        tokens.read(token, keyring=tokens.Keyring(issuer=RING.issuer, secret=SECRET), now=NOW)


FORGED = {
    "no algorithm": raw({"alg": "none", "typ": "at+jwt", "kid": tokens.kid_of(SECRET)}, payload(), ""),
    "no algorithm, signed": raw({"alg": "nOnE", "typ": "at+jwt", "kid": tokens.kid_of(SECRET)}, payload()),
    "a list of algorithms": raw({"alg": ["HS256"], "typ": "at+jwt", "kid": tokens.kid_of(SECRET)}, payload()),
    "no header members": raw({}, payload()),
    "another algorithm": signed(algorithm="HS512"),
    "another secret": signed(secret="c" * 64),
    "an unknown kid": signed(kid="nobody"),
    "a path for a kid": signed(kid="../../etc/passwd"),
    "SQL for a kid": signed(kid="x' OR '1'='1"),
    "an object for a kid": raw({"alg": "HS256", "typ": "at+jwt", "kid": {}}, payload()),
    "no kid": signed(kid=...),
    "the kid of another secret": signed(kid=tokens.kid_of(OLD_SECRET)),
    "an ordinary type": signed(typ="JWT"),
    "jku": signed(jku="https://evil.example/keys"),
    "crit": signed(crit=["exp"]),
    "empty": "",
    "two parts": signed().rpartition(".")[0],
    "four parts": signed() + ".x",
    "a padded signature": signed() + "=",
    "a trailing newline": signed() + "\n",
    "not ASCII": signed()[:-1] + "é",
    "very long": signed() + "A" * 1_000_000,
    "a list for a payload": raw({"alg": "HS256", "typ": "at+jwt", "kid": tokens.kid_of(SECRET)}, [1]),
    "another issuer": signed(payload(iss="https://evil.example")),
    "another audience": signed(payload(aud="somebody-else")),
    "a list of audiences": signed(payload(aud=[tokens.AUDIENCE, "more"])),
    "an issue in the future": signed(payload(iat=int(NOW.timestamp()) + 3600)),
    "not before the future": signed(payload(nbf=int(NOW.timestamp()) + 3600)),
    "exp as text": signed(payload(exp=str(int(NOW.timestamp()) + 60))),
    "exp as a fraction": signed(payload(exp=NOW.timestamp() + 60.5)),
    "exp as true": signed(payload(exp=True)),
    "exp as null": signed(payload(exp=None)),
    "exp as a list": signed(payload(exp=[1])),
    "a life of a year": signed(payload(exp=int(NOW.timestamp()) + 31_536_000)),
    "sv as text": signed(payload(sv="3")),
    "sv as true": signed(payload(sv=True)),
    "sv below zero": signed(payload(sv=-1)),
    "env that is no id": signed(payload(env="live")),
    "sid that is no id": signed(payload(sid="../")),
} | {f"no {name}": signed(payload(**{name: ...})) for name in tokens.CLAIMS}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_what_only_looks_like_a_token_is_refused(token: str) -> None:
    with pytest.raises(tokens.TokenRefused):
        tokens.read(token, keyring=RING, now=NOW)


def test_every_changed_character_is_noticed() -> None:
    token = signed()
    for position in range(0, len(token), 7):
        if token[position] != ".":
            changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
            with pytest.raises(tokens.TokenRefused):
                tokens.read(changed, keyring=RING, now=NOW)
