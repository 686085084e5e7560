"""Forged, confused and stolen tokens over HTTP: never an error of ours, and never let in.

Each is made from the token of a real session and, where that is the point, signed with the server's own secret: what is
refused is refused for the one thing that is wrong with it.
"""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.test import Client

from accounts import services, tokens
from accounts.models import Login
from accounts.tests.api.clients import problem, with_key
from accounts.tests.factories import register
from core import clock, ids, tenancy
from core.tenancy import Scope

pytestmark = pytest.mark.django_db

ME = "/api/v1/auth/me"
Payload = dict[str, Any]


def ask(header: str) -> Any:
    return Client().get(ME, headers={"Authorization": header})


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(header: Any, payload: Any, secret: str = "", algorithm: str = "sha256") -> str:
    """A token with exactly these two parts, signed with the server's secret unless another is given."""
    text = f"{part(header)}.{part(payload)}"
    mac = hmac.digest((secret or settings.JWT_SECRET).encode(), text.encode(), algorithm)
    return f"{text}.{part(mac)}"


@pytest.fixture
def token() -> str:
    """The access token of somebody who is logged in."""
    return register()[1].access_token


def read(token: str) -> tuple[Payload, Payload]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def with_payload(**changes: Any) -> Callable[[str], str]:
    def forge(token: str) -> str:
        header, payload = read(token)
        return sealed(header, {name: value for name, value in {**payload, **changes}.items() if value is not ...})

    return forge


def with_header(**changes: Any) -> Callable[[str], str]:
    def forge(token: str) -> str:
        header, payload = read(token)
        return sealed({name: value for name, value in {**header, **changes}.items() if value is not ...}, payload)

    return forge


def with_raw(payload: bytes) -> Callable[[str], str]:
    return lambda token: sealed(read(token)[0], payload)


def unsigned(algorithm: Any) -> Callable[[str], str]:
    def forge(token: str) -> str:
        header, payload = read(token)
        return f"{part({**header, 'alg': algorithm})}.{part(payload)}."

    return forge


def signed_with_a_public_key(token: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    header, payload = read(token)
    return sealed(header, payload, key.public_bytes(serialization.Encoding.PEM, kind).decode())


SOON = clock.unix() + 24 * 3600  # ahead for as long as the tests may take
FORGED: dict[str, Callable[[str], str]] = {
    "alg none": unsigned("none"), "alg nOnE": unsigned("nOnE"), "alg a list": unsigned(["HS256"]),
    "alg none with our signature": with_header(alg="none"), "alg missing": with_header(alg=...),
    "alg null": with_header(alg=None), "alg of another family": with_header(alg="RS256"),
    "alg stronger": lambda token: sealed({**read(token)[0], "alg": "HS512"}, read(token)[1], algorithm="sha512"),
    "exp a word": with_payload(exp="abc"), "exp as digits in a text": with_payload(exp=str(SOON)),
    "exp a list": with_payload(exp=[SOON]), "exp an object": with_payload(exp={}), "exp null": with_payload(exp=None),
    "exp true": with_payload(exp=True), "exp a fraction": with_payload(exp=SOON + 0.5),
    "exp missing": with_payload(exp=...), "exp long past": with_payload(exp=1),
    "exp far ahead": with_payload(exp=2**39),
    "exp beyond floats": with_raw(b'{"exp": 1e400}'), "exp not a number": with_raw(b'{"exp": NaN}'),
    "exp of 5,000 digits": with_raw(b'{"exp": ' + b"9" * 2_000 + b"}"),
    "iat ahead": with_payload(iat=SOON), "nbf ahead": with_payload(nbf=SOON), "iat missing": with_payload(iat=...),
    "aud an object": with_payload(aud={}), "aud another": with_payload(aud="somebody"),
    "aud a list with more": with_payload(aud=[tokens.AUDIENCE, "more"]), "iss another": with_payload(iss="https://evil"),
    "sub a number": with_payload(sub=7), "jti a number": with_payload(jti=7), "sub missing": with_payload(sub=...),
    "sub of a member": with_payload(sub=ids.encode("usr", ids.new())), "sub an empty text": with_payload(sub=""),
    "sub of a key": with_payload(sub=ids.encode("key", ids.new())), "sub cut": with_payload(sub="cus_"),
    "sub with other letters": with_payload(sub="cus_" + "٣" * 26), "sub SQL": with_payload(sub="cus_' OR 1=1 --"),
    "a payload that is a list": with_raw(b"[1]"), "a payload that is no JSON": with_raw(b"{"),
    "a deep payload": with_raw(b"[" * 1_400), "a payload of bad UTF-8": with_raw(b'{"sub": "\xff"}'),
    "an empty payload": with_raw(b""), "a payload that is null": with_raw(b"null"),
    "crit": with_header(crit=["exp"]), "b64 false": with_header(b64=False, crit=["b64"]),
    "jku": with_header(jku="https://evil.example/keys"), "jwk": with_header(jwk={"kty": "oct", "k": "AA"}),
    "x5u": with_header(x5u="https://evil.example/cert"), "typ JWT": with_header(typ="JWT"),
    "kid an object": with_header(kid={}), "kid unknown": with_header(kid="nobody"), "kid missing": with_header(kid=...),
    "kid a path": with_header(kid="../../etc/passwd"), "kid SQL": with_header(kid="x' OR '1'='1"),
    "two parts": lambda token: token.rpartition(".")[0], "four parts": lambda token: f"{token}.x",
    "only dots": lambda _: "..", "padded": lambda token: f"{token}=", "a cut signature": lambda token: token[:-1],
    "another secret": lambda token: sealed(*read(token), "x" * 64),
    "a public key for a secret": signed_with_a_public_key,
    "a megabyte": lambda token: token + "A" * 1_000_000, "another session": with_payload(sid="../"),
    "another version": with_payload(sv=99), "a version below zero": with_payload(sv=-1),
    "sv true": with_payload(sv=True),
    "another tenant": with_payload(env=str(ids.new())), "env no id": with_payload(env="live"),
    "auth_time a word": with_payload(auth_time="now"), "auth_time beyond time": with_payload(auth_time=2**39),
}  # fmt: skip


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_refused_and_nothing_breaks(forge: Callable[[str], str], token: str) -> None:
    forged = forge(token)
    assert forged != token
    answer = ask(f"Bearer {forged}")
    assert problem(answer) == (401, "invalid_credential")
    assert token not in answer.content.decode()


def test_the_tools_of_these_tests_make_good_tokens(token: str) -> None:
    assert ask(f"Bearer {sealed(*read(token))}").status_code == 200
    assert ask(f"bearer {token}").status_code == 200


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer  ", "Token {}", "{}", "Bearer\t{}", "Bearer {} x"])
def test_another_scheme_is_no_bearer(header: str, token: str) -> None:
    assert problem(ask(header.format(token))) == (401, "invalid_credential")


def test_bytes_that_are_no_text_are_refused(token: str) -> None:
    answer = Client().get(ME, HTTP_AUTHORIZATION="Bearer \xff\xfe\x00" + token)
    assert problem(answer) == (401, "invalid_credential")


def test_two_authorization_headers_are_one_too_many(token: str) -> None:
    assert problem(ask(f"Bearer {token}, Bearer {token}")) == (400, "credentials_ambiguous")
    both = Client().get(ME, headers={"Authorization": f"Bearer {token}", "X-API-Key": "sk_test_x"})
    assert problem(both) == (400, "credentials_ambiguous")


def test_a_refresh_token_opens_nothing() -> None:
    _, mine = register()
    assert problem(ask(f"Bearer {mine.refresh_token}")) == (401, "invalid_credential")


def test_a_token_in_the_query_opens_nothing(token: str) -> None:
    for name in ("access_token", "token", "authorization"):
        assert Client().get(ME, {name: token}).status_code in (400, 401)


def test_the_token_of_a_disabled_login_opens_nothing(token: str) -> None:
    Login.objects.update(disabled_at=clock.wall())
    assert problem(ask(f"Bearer {token}")) == (401, "invalid_credential")


def test_a_token_of_another_environment_shows_nothing_of_this_one(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        customer, mine = register("grace@example.com")
    client = Client(headers={"Authorization": f"Bearer {mine.access_token}"})
    here = with_key().post("/api/v1/customers", {"email": "ada@example.com"}).json()["id"]
    assert problem(client.get(f"/api/v1/customers/{here}")) == (404, "not_found")
    assert client.get(f"/api/v1/customers/{customer.public_id}").status_code == 200


def test_a_rotated_secret_still_opens_and_a_dropped_one_does_not(settings: Any) -> None:
    _, mine = register()
    settings.JWT_PREVIOUS_SECRETS, settings.JWT_SECRET = [settings.JWT_SECRET], "n" * 48
    assert ask(f"Bearer {mine.access_token}").status_code == 200
    fresh = services.log_in_customer(
        email="ada@example.com", password="correct horse battery staple", address="192.0.2.1", now=clock.wall()
    )
    settings.JWT_PREVIOUS_SECRETS = []
    assert problem(ask(f"Bearer {mine.access_token}")) == (401, "invalid_credential")
    assert ask(f"Bearer {fresh.access_token}").status_code == 200
