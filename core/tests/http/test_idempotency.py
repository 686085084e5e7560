"""One key, one effect, one answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.response import Response

from accounts.models import Customer
from accounts.tests.factories import make_customer
from core import clock, tenancy
from core.http import idempotency
from core.idempotency import claims
from core.idempotency.keys import refuse_sensitive
from core.models import IdempotencyRecord, Tenant
from core.tenancy.writes import later
from core.tests.http.conftest import Caller, problem
from core.tests.http.edge import Things

THING = {"name": "Acme", "slug": "acme"}
THINGS = "/api/v1/things"
# As core.redaction knows them; nothing of them is a token of ours.
SENSITIVE = [
    "4242424242424242", '"4242-4242-4242-4242"', "order-378282246310005", "sk_live_0123456789abcdef",
    "rk_test_0123456789abcdef", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
    "AKIAABCDEFGHIJKLMNOP", "https://user:password@example.com",
]  # fmt: skip
# No Luhn digit, no issuer's number, too short, an instant in microseconds, and ids of ours.
HARMLESS = [
    "4242424242424241",
    "1111111111111117",
    "424242424242",
    "1796000000000000",
    "sub_01h455vb4pex5vsknk084sn02q",
]


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "expected"),
    [
        ("POST", "/v1/subscriptions", [], {"plan_id": 2, "qty": 1}, "2ef24543e57d3bfd"),
        ("POST", "/v1/subscriptions", [], {"qty": 1, "plan_id": 2}, "2ef24543e57d3bfd"),
        ("POST", "/v1/subscriptions", [("dry_run", "1")], {"plan_id": 2, "qty": 1}, "0491cfc46e6b8f1b"),
        ("POST", "/v1/subscriptions/", [], {"plan_id": 2, "qty": 1}, "0935be7dfcbed839"),
        ("PATCH", "/v1/subscriptions", [], {"plan_id": 2, "qty": 1}, "8e79a9d943127d4a"),
    ],
)
def test_fingerprints_are_those_of_the_contract(
    method: str, path: str, query: list[tuple[str, str]], body: Any, expected: str
) -> None:
    assert idempotency.fingerprint(method, path, query, body).hex()[:16] == expected


@pytest.mark.django_db
def test_a_repeat_is_answered_byte_for_byte_and_does_nothing(edge: Caller) -> None:
    first = edge.post(THINGS, THING, X_Request_ID="first-request")
    repeat = edge.post(THINGS, {"slug": "acme", "name": "Acme"}, X_Request_ID="second-request")
    assert (repeat.status_code, repeat.content) == (201, first.content)
    assert repeat.headers["Content-Type"] == first.headers["Content-Type"]
    assert repeat.headers["Idempotent-Replayed"] == "true"
    assert repeat.headers["Idempotency-Key"] == first.headers["Idempotency-Key"] == "a-key-of-the-client"
    assert repeat.headers["X-Original-Request-Id"] == "first-request"
    assert repeat.headers["X-Request-ID"] == "second-request"
    assert "Idempotent-Replayed" not in first.headers
    assert Tenant.objects.filter(slug="acme").count() == 1


@pytest.mark.django_db
def test_a_key_of_another_request_is_refused(edge: Caller) -> None:
    edge.post(THINGS, THING)
    for path, body in ((THINGS, {**THING, "name": "Other"}), (f"{THINGS}/secret", THING)):
        assert problem(edge.post(path, body)) == (422, "idempotency_key_reused")
    assert Tenant.objects.filter(slug="acme").count() == 1


@pytest.mark.django_db
def test_keys_belong_to_their_principal_and_environment(edge: Caller, live_environment: tenancy.Scope) -> None:
    edge.post(THINGS, THING)
    assert edge.post(THINGS, {**THING, "slug": "other"}, who="key2").status_code == 201
    with tenancy.scope(live_environment):
        assert edge.post(THINGS, {**THING, "slug": "live"}).status_code == 201
    assert edge.post(THINGS, THING).headers["Idempotent-Replayed"] == "true"


@pytest.mark.django_db
def test_a_post_needs_a_key_and_a_good_one(edge: Caller) -> None:
    assert problem(edge.post(THINGS, THING, key=None)) == (400, "idempotency_key_missing")
    for bad in ("", " ", "a,b", "a b", "x" * 256, "schlüssel", '""', '"a b"', '"a"b"', '"a\\b"', "a\tb", "\x7f"):
        assert problem(edge.post(THINGS, THING, key=bad)) == (400, "idempotency_key_invalid")
    assert not Tenant.objects.filter(slug="acme").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", SENSITIVE)
@pytest.mark.parametrize("path", [THINGS, f"{THINGS}/secret"])
def test_a_card_number_or_a_credential_is_no_key(edge: Caller, path: str, key: str) -> None:
    refused = edge.post(path, THING, key=key)
    assert problem(refused) == (422, "idempotency_key_sensitive")
    assert key not in refused.content.decode()
    assert "Idempotency-Key" not in refused.headers
    assert not Tenant.objects.filter(slug="acme").exists()
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", HARMLESS)
def test_what_only_resembles_a_card_number_is_a_key(edge: Caller, key: str) -> None:
    assert edge.post(THINGS, THING, key=key).headers["Idempotency-Key"] == key


@given(
    digits=st.text("0123456789", min_size=30, max_size=30),
    version=st.sampled_from("1345678"),
    part=st.sampled_from("89"),
)
def test_no_uuid_is_taken_for_a_card_number(digits: str, version: str, part: str) -> None:
    """Also one without letters: no run of its groups begins and ends as a card number does."""
    one = f"{digits[:8]}-{digits[8:12]}-{version}{digits[12:15]}-{part}{digits[15:18]}-{digits[18:]}"
    assert refuse_sensitive(one) == one


@pytest.mark.django_db
def test_a_missing_key_tells_where_to_read_on(edge: Caller) -> None:
    link = edge.post(THINGS, THING, key=None).headers["Link"]
    assert link == '</docs/problems#idempotency_key_missing>; rel="describedby"'


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["1", "sub-001", "x" * 255, '"', '"abc', "!~", "a=b;c"])
def test_any_visible_text_is_a_key(edge: Caller, key: str) -> None:
    assert edge.post(THINGS, THING, key=key).headers["Idempotency-Key"] == key
    assert edge.post(THINGS, THING, key=key).headers["Idempotent-Replayed"] == "true"


@pytest.mark.django_db
@pytest.mark.parametrize(("sent", "bare"), [('"abc"', "abc"), ('"a\\"b"', 'a"b'), ('"a\\\\b"', "a\\b")])
def test_a_structured_string_is_its_content(edge: Caller, sent: str, bare: str) -> None:
    assert edge.post(THINGS, THING, key=sent).headers["Idempotency-Key"] == bare
    assert edge.post(THINGS, THING, key=bare).headers["Idempotent-Replayed"] == "true"


@pytest.mark.django_db
def test_reading_ignores_keys_however_wrong(edge: Caller) -> None:
    assert edge.get(THINGS, Idempotency_Key="a,b").status_code == 200
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
def test_quotes_around_a_key_are_no_part_of_it(edge: Caller) -> None:
    assert edge.post(THINGS, THING, key='"abc"').status_code == 201
    assert edge.post(THINGS, THING, key="abc").headers["Idempotent-Replayed"] == "true"


@pytest.mark.django_db
def test_a_route_may_heed_no_keys(edge: Caller) -> None:
    for _ in range(2):
        assert "Idempotent-Replayed" not in edge.post(f"{THINGS}/hello", key="abc").headers
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
def test_a_refusal_of_the_domain_is_kept_and_its_changes_are_not(edge: Caller) -> None:
    first = edge.post(f"{THINGS}/refuse")
    assert problem(first) == (409, "already_there")
    assert first.json()["since"] == "yesterday"
    repeat = edge.post(f"{THINGS}/refuse")
    assert (repeat.status_code, repeat.content) == (409, first.content)
    assert repeat.headers["Content-Type"] == "application/problem+json"
    assert repeat.headers["Idempotent-Replayed"] == "true"
    assert not Tenant.objects.filter(slug="lost").exists()


@pytest.mark.django_db
def test_a_refusal_that_was_left_to_the_commit_is_kept_too(edge: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    make_customer(external_ref="taken")

    def create(view: Any, request: Any) -> Response:
        Tenant.objects.create(name="lost", slug="lost")
        now = clock.now()
        later([Customer.fresh(external_ref="taken", email="a@example.com", created_at=now, updated_at=now)])
        return Response({}, status=201)

    monkeypatch.setattr(Things, "create", create)
    first = edge.post(THINGS, THING)
    assert problem(first) == (409, "external_ref_taken")
    repeat = edge.post(THINGS, THING)
    assert (repeat.content, repeat.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert not Tenant.objects.filter(slug="lost").exists()


@pytest.mark.django_db
def test_who_comes_first_before_a_refusal_is_kept_has_the_answer(edge: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal_of, refusing = idempotency.refusal_of, Things.refuse

    def meanwhile(view: Any, failure: Exception) -> Any:
        monkeypatch.setattr(idempotency, "refusal_of", refusal_of)
        monkeypatch.setattr(Things, "refuse", lambda *_, **__: Response({"is": "done"}, status=201))
        assert edge.post(f"{THINGS}/refuse").status_code == 201
        monkeypatch.setattr(Things, "refuse", refusing)
        return refusal_of(view, failure)

    monkeypatch.setattr(idempotency, "refusal_of", meanwhile)
    found = edge.post(f"{THINGS}/refuse")
    assert (found.status_code, found.json(), found.headers["Idempotent-Replayed"]) == (201, {"is": "done"}, "true")
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.django_db
def test_failures_validation_and_missing_rights_are_not_kept(edge: Caller) -> None:
    edge.post(THINGS, {"name": "Acme"})
    edge.post(THINGS, THING, who="poor")
    edge.post(f"{THINGS}/boom", {"kind": "bug"})
    assert not IdempotencyRecord.objects.exists()
    assert edge.post(THINGS, THING).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("status", [402, 404, 409, 422])
def test_refusals_of_the_domain_are_kept(edge: Caller, status: int) -> None:
    first = edge.post(f"{THINGS}/refused", {"status": status})
    repeat = edge.post(f"{THINGS}/refused", {"status": status})
    assert (first.status_code, repeat.status_code, repeat.content) == (status, status, first.content)
    assert repeat.headers["Idempotent-Replayed"] == "true"
    assert not Tenant.objects.filter(slug="lost").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 401, 403, 405, 411, 413, 415, 429, 503])
def test_refusals_of_the_guards_are_never_kept(edge: Caller, status: int) -> None:
    for _ in range(2):
        refused = edge.post(f"{THINGS}/refused", {"status": status})
        assert refused.status_code == status
        assert "Idempotent-Replayed" not in refused.headers
    assert not IdempotencyRecord.objects.exists()
    assert not Tenant.objects.filter(slug="lost").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["long", "bug", "unregistered"])
def test_a_value_that_does_not_fit_and_a_bug_are_never_kept(edge: Caller, kind: str) -> None:
    path, body = f"{THINGS}/boom", {"kind": kind}
    first = edge.post(path, body)
    kept = first.status_code == 409
    assert IdempotencyRecord.objects.exists() is kept
    assert ("Idempotent-Replayed" in edge.post(path, body).headers) is kept


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "is_kept"), [(200, True), (409, True), (401, False), (429, False), (500, False)])
def test_an_answer_that_is_no_result_is_not_kept_but_what_it_did_is(edge: Caller, status: int, is_kept: bool) -> None:
    assert edge.post(f"{THINGS}/answered", {"status": status}).status_code == status
    assert IdempotencyRecord.objects.exists() is is_kept
    assert Tenant.objects.filter(slug="kept").exists()


@pytest.mark.django_db
def test_what_is_too_large_to_be_kept_is_shown_again(edge: Caller) -> None:
    first = edge.post(f"{THINGS}/big")
    assert len(first.content) > 65_536
    kept = IdempotencyRecord.objects.get()
    assert (kept.body, kept.resource, kept.status) == ("", first.json()["id"], 201)
    repeat = edge.post(f"{THINGS}/big")
    assert (repeat.status_code, repeat.headers["Idempotent-Replayed"]) == (201, "true")
    assert repeat.json() == {"id": first.json()["id"], "name": "n" * 200}
    assert Tenant.objects.filter(slug="big").count() == 1


@pytest.mark.django_db
def test_what_is_too_large_and_cannot_be_shown_again_is_refused_and_undone(edge: Caller) -> None:
    assert problem(edge.post(f"{THINGS}/bulk")) == (422, "answer_too_large")
    assert not IdempotencyRecord.objects.exists()
    assert not Tenant.objects.filter(slug="bulk").exists()


@pytest.mark.django_db
def test_nothing_is_done_when_the_key_cannot_be_written(edge: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: Any, **__: Any) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(claims, "_rows", lost)
    assert problem(edge.post(THINGS, THING)) == (503, "unavailable")
    assert not Tenant.objects.filter(slug="acme").exists()


@pytest.mark.django_db
def test_nothing_is_done_when_the_answer_cannot_be_kept(edge: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_KEEP", claims._KEEP.replace("state = 'in_flight'", "false"))
    assert edge.post(THINGS, THING).status_code == 500
    assert not Tenant.objects.filter(slug="acme").exists()


@pytest.mark.django_db
def test_a_key_that_is_purged_while_one_waits_for_it_is_new(edge: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.post(THINGS, THING)
    find, purged = claims.find, []

    def purge_and_find(claim: claims.Claim) -> Any:
        purged.append(IdempotencyRecord.objects.all().delete())
        return find(claim)

    monkeypatch.setattr(claims, "find", purge_and_find)
    again = edge.post(THINGS, {**THING, "slug": "other"})
    assert (again.status_code, len(purged)) == (201, 1)
    assert "Idempotent-Replayed" not in again.headers


@pytest.mark.django_db
def test_a_key_that_is_always_gone_when_looked_for_is_in_progress(
    edge: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge.post(THINGS, THING)
    monkeypatch.setattr(claims, "find", lambda _: None)
    assert problem(edge.post(THINGS, THING)) == (409, "idempotency_in_progress")


@pytest.mark.django_db
@pytest.mark.parametrize("days", [-2, 2])
def test_the_clock_that_counts_is_the_databases(edge: Caller, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    first = edge.post(THINGS, THING)
    wall = clock.wall
    monkeypatch.setattr(clock, "wall", lambda: wall() + timedelta(days=days))
    assert edge.post(THINGS, THING).content == first.content
    row = IdempotencyRecord.objects.get()
    assert abs(row.created_at - wall()) < timedelta(hours=1)


@pytest.mark.django_db
def test_more_repeats_than_may_wait_are_told_at_once(edge: Caller, environment: tenancy.Scope) -> None:
    place = (environment.environment_id, "key:key_key", "a-key-of-the-client")
    claims._waiters[place] = claims.MAX_WAITERS
    try:
        refused = edge.post(THINGS, THING)
        assert (problem(refused), refused.headers["Retry-After"]) == ((409, "idempotency_in_progress"), "1")
    finally:
        del claims._waiters[place]
    assert edge.post(THINGS, THING).status_code == 201


@pytest.mark.django_db
def test_a_secret_is_shown_once_and_never_stored(edge: Caller) -> None:
    assert edge.post(f"{THINGS}/secret").json()["secret"] == "s3cret-value"
    repeat = edge.post(f"{THINGS}/secret")
    assert repeat.status_code == 200
    assert repeat.json() == {"id": "x", "secret": None, "secret_shown": True}
    assert "s3cret" not in IdempotencyRecord.objects.get().body


@pytest.mark.django_db
def test_an_expired_key_is_new_again(edge: Caller) -> None:
    edge.post(THINGS, THING)
    IdempotencyRecord.objects.update(expires_at=clock.wall() - timedelta(seconds=1))
    again = edge.post(THINGS, {**THING, "slug": "other"})
    assert again.status_code == 201
    assert edge.post(THINGS, {**THING, "slug": "other"}).content == again.content
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.django_db
def test_deleting_may_be_repeated_with_a_key(edge: Caller) -> None:
    path = f"{THINGS}/{edge.post(THINGS, THING).json()['id']}"
    for _ in range(2):
        assert edge.send("DELETE", path, Idempotency_Key="delete-it").status_code == 204
    assert problem(edge.send("DELETE", path)) == (404, "not_found")


def _storm(calls: int, send: Any) -> list[Any]:
    barrier = Barrier(calls)

    def one(number: int) -> Any:
        barrier.wait(timeout=30)
        try:
            return send(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(calls) as pool:
        return list(pool.map(one, range(calls)))


def _post(body: dict[str, str], key: str, sandbox_scope: Any) -> Any:
    with sandbox_scope():
        headers = {"Authorization": "key", "Idempotency-Key": key}
        return Client().post(THINGS, body, content_type="application/json", headers=headers)


def test_20_calls_with_one_key_have_one_effect(committed: Any, sandbox_scope: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = "core.tests.http.edge"
    answers = _storm(20, lambda _: _post(THING, "one-key", sandbox_scope))
    done = [one for one in answers if one.status_code == 201]
    waiting = [one for one in answers if one.status_code == 409]
    assert len(done) + len(waiting) == 20
    assert len({one.content for one in done}) == 1
    assert len([one for one in done if "Idempotent-Replayed" not in one.headers]) == 1
    assert all(one.json()["code"] == "idempotency_in_progress" for one in waiting)
    assert all(one.headers["Retry-After"] == "1" for one in waiting)
    with transaction.atomic():
        assert Tenant.objects.filter(slug="acme").count() == 1


def test_20_calls_with_one_key_and_two_bodies_have_one_effect(
    committed: Any, sandbox_scope: Any, settings: Any
) -> None:
    settings.ROOT_URLCONF = "core.tests.http.edge"
    bodies = [{"name": "A", "slug": "a"}, {"name": "B", "slug": "b"}]
    answers = _storm(20, lambda number: _post(bodies[number % 2], "one-key", sandbox_scope))
    assert {one.status_code for one in answers} <= {201, 409, 422}
    with transaction.atomic():
        assert Tenant.objects.filter(slug__in=("a", "b")).count() == 1


def test_a_repeat_while_the_first_still_runs_is_told_to_wait(committed: Any, sandbox_scope: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = "core.tests.http.edge"
    with sandbox_scope() as scope, committed.as_superuser() as other, other.transaction():
        mark = idempotency.fingerprint("POST", THINGS, [], THING)
        now = clock.wall()
        other.execute(
            "INSERT INTO core_idempotencyrecord (id, environment_id, principal, key, fingerprint, state, fence, effect,"
            " recovery_point, locked_until, body, headers, resource, request_id, created_at, expires_at)"
            " VALUES (gen_random_uuid(), %s, 'key:key_key', 'k', %s, 'in_flight', 1, '', 'started', now(), '', '{}',"
            " '', 'r', %s, %s)",
            (scope.environment_id, mark, now, now + timedelta(hours=1)),
        )
        refused = _post(THING, "k", sandbox_scope)
        assert problem(refused) == (409, "idempotency_in_progress")
        other.execute("ROLLBACK AND CHAIN")
        assert _post(THING, "k", sandbox_scope).status_code == 201
