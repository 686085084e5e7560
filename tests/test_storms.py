"""64 requests at once, on real commits: one key has one effect, one family one live subscription, each one charge."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.test import Client

from accounts.tests.factories import make_customer, make_key
from billing.models import Invoice
from catalog.tests.factories import make_plan, seats
from core import ids, invariants, tenancy
from core.idempotency import claims
from core.models import IdempotencyRecord
from local.process import wait_until
from payments.models import SandboxCharge
from subscriptions.models import Subscription
from subscriptions.services import _create
from subscriptions.tests.factories import attach_card
from tests.house import ROOT
from tests.session import Database
from tests.shared import environment_called

CROWD = 64
SUBSCRIPTIONS = "/api/v1/subscriptions"
IN_PROGRESS = "idempotency_in_progress"
# Any number: a storm takes most of the server's connections, so all test processes take turns.
TURN = 64_000_064
# A request in a process of its own, which a test can kill.
OWNER = """
import json, sys
import django
django.setup()
from django.test.utils import setup_test_environment
from tests.test_storms import Shop
setup_test_environment()
Shop(**json.loads(sys.argv[1])).subscribe("the-key", request_id="the-killed-owner")
"""

Send = Callable[[int], Any]
Run = Callable[[], int]

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A backend's key, a customer with a card that works, and a plan to sell him."""

    secret: str
    customer: str
    plan: str

    def subscribe(self, key: str, *, request_id: str = "", **body: Any) -> Any:
        """This function will POST a subscription from wherever it is called: no scope is needed."""
        return self.post(SUBSCRIPTIONS, {"customer": self.customer, "plan": self.plan, **body}, key, request_id)

    def post(self, path: str, body: Any, key: str, request_id: str = "") -> Any:
        """This function will send one request; a bug of the server is an answer, as it is for clients."""
        headers = {"X-API-Key": self.secret, "Idempotency-Key": key}
        headers |= {"X-Request-ID": request_id} if request_id else {}
        client = Client(raise_request_exception=False)
        return client.post(path, body, content_type="application/json", headers=headers)


def inside(slug: str) -> AbstractContextManager[Any]:
    return tenancy.scope(environment_called(slug).as_scope())


def open_shop(slug: str = "sandbox", *, family: str | None = None, customer: str = "") -> Shop:
    """Without a family nothing but the key keeps a request from having two effects."""
    with inside(slug):
        plan = make_plan(seats(), family=family)
        secret = make_key()
        if not customer:
            row = make_customer()
            attach_card(row)
            customer = row.public_id
        return Shop(secret=secret, customer=customer, plan=plan.public_id)


@pytest.fixture(autouse=True)
def turn(database: Database) -> Iterator[None]:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [TURN])
        yield


@pytest.fixture
def shop(turn: None, committed: Database) -> Shop:
    return open_shop()


def storm(send: Send, crowd: int = CROWD) -> list[Any]:
    """Each call in a thread with a connection and a context of its own, all let go at one instant."""
    barrier = Barrier(crowd)

    def one(number: int) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=60)
            return send(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(crowd) as pool:
        return list(pool.map(one, range(crowd)))


def code_of(answer: Any) -> str:
    return "" if answer.status_code < 400 else answer.json()["code"]


def is_replay(answer: Any) -> bool:
    return answer.headers.get("Idempotent-Replayed") == "true"


def assert_one_answer(answers: list[Any], status: int = 201) -> Any:
    """One request was first; the others got its very bytes, or were told that it still runs. Returns the first."""
    told_to_wait = [one for one in answers if code_of(one) == IN_PROGRESS]
    answered = [one for one in answers if one not in told_to_wait]
    assert {(one.status_code, one.content) for one in answered} == {(status, answered[0].content)}
    assert all((one.status_code, one.headers["Retry-After"]) == (409, "1") for one in told_to_wait)
    [first] = [one for one in answered if not is_replay(one)]
    return first


def assert_replays(answer: Any, first: Any) -> None:
    assert is_replay(answer)
    assert (answer.status_code, answer.content) == (first.status_code, first.content)


def effects(slug: str = "sandbox") -> tuple[int, int, int]:
    """How many subscriptions, invoices and charges an environment has."""
    with inside(slug), transaction.atomic():
        charges = SandboxCharge.objects.filter(kind="charge", status="succeeded")
        return Subscription.objects.count(), Invoice.objects.count(), charges.count()


def do_all(run_jobs: Run, *slugs: str) -> None:
    """Have everything done that was put down for later, and see that the whole database is in order."""
    for slug in slugs or ("sandbox",):
        with inside(slug):
            run_jobs()
    assert {rule.code: found for rule in invariants.rules() if (found := invariants.broken(rule.code))} == {}


def test_one_key_makes_one_subscription_and_one_charge(shop: Shop, run_jobs: Run) -> None:
    first = assert_one_answer(storm(lambda _: shop.subscribe("the-key")))
    assert_replays(shop.subscribe("the-key"), first)
    do_all(run_jobs)
    assert effects() == (1, 1, 1)
    assert_replays(shop.subscribe("the-key"), first)
    do_all(run_jobs)
    assert effects() == (1, 1, 1)


def test_without_the_claim_one_key_makes_many(shop: Shop, run_jobs: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    held = claims.Held(id=ids.new(), fence=1, recovery_point=claims.STARTED, effect="", subject=None, request_id="")
    monkeypatch.setattr(claims, "take", lambda _: held)
    monkeypatch.setattr(claims, "keep_with_effect", lambda *_: None)
    answers = storm(lambda _: shop.subscribe("the-key"), 8)
    assert len({one.content for one in answers}) == 8
    do_all(run_jobs)
    assert effects() == (8, 8, 8)


def test_many_keys_make_one_subscription_of_a_family(turn: None, committed: Database, run_jobs: Run) -> None:
    shop = open_shop(family="main")
    answers = storm(lambda number: shop.subscribe(f"key-{number}"))
    assert sorted(map(code_of, answers)) == [""] + ["live_subscription_exists"] * (CROWD - 1)
    assert {one.status_code for one in answers} == {201, 409}
    do_all(run_jobs)
    assert effects() == (1, 1, 1)


def test_without_lock_and_index_many_keys_make_many_of_a_family(
    turn: None, committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop(family="main")
    monkeypatch.setattr(_create, "_refuse_second", lambda _: None)
    with committed.as_superuser() as superuser:
        superuser.execute("DROP INDEX subscriptions_subscription_one_live_per_family")
    storm(lambda number: shop.subscribe(f"key-{number}"), 8)
    assert effects() == (8, 8, 0)
    assert invariants.broken("subscriptions.one_live_per_family")


def test_one_key_with_two_bodies_has_one_effect(shop: Shop, run_jobs: Run) -> None:
    answers = storm(lambda number: shop.subscribe("the-key", quantity=1 + number % 2))
    refused = [one for one in answers if one.status_code == 422]
    first = assert_one_answer([one for one in answers if one not in refused])
    assert {code_of(one) for one in refused} <= {"idempotency_key_reused"}
    won, lost = first.json()["quantity"], 3 - first.json()["quantity"]
    assert_replays(shop.subscribe("the-key", quantity=won), first)
    assert code_of(shop.subscribe("the-key", quantity=lost)) == "idempotency_key_reused"
    do_all(run_jobs)
    assert effects() == (1, 1, 1)


def test_one_key_in_two_environments_has_two_effects(shop: Shop, run_jobs: Run) -> None:
    shops = (shop, open_shop("live"))
    answers = storm(lambda number: shops[number % 2].subscribe("the-key"))
    firsts = [assert_one_answer(answers[half::2]) for half in (0, 1)]
    assert len({first.json()["id"] for first in firsts}) == 2
    do_all(run_jobs, "sandbox", "live")
    assert effects("sandbox") == effects("live") == (1, 1, 1)


def test_one_key_of_two_backends_has_two_effects(turn: None, committed: Database, run_jobs: Run) -> None:
    first_shop = open_shop(family="main")
    shops = (first_shop, open_shop(family="other", customer=first_shop.customer))
    answers = storm(lambda number: shops[number % 2].subscribe("the-key"))
    for half in (0, 1):
        assert_one_answer(answers[half::2])
    do_all(run_jobs)
    assert effects() == (2, 2, 2)


@contextmanager
def owner_at_work(shop: Shop, committed: Database) -> Iterator[tuple["subprocess.Popen[bytes]", Any]]:
    """A process whose request holds the key and waits, inside its effect, for a row; and the session that has it."""
    arguments = [sys.executable, "-c", OWNER, json.dumps(asdict(shop))]
    variables = {**committed.environment, "DJANGO_SETTINGS_MODULE": "config.settings_test", "PATH": ""}
    with committed.as_superuser() as holder, holder.transaction():
        holder.execute("SELECT 1 FROM accounts_customer FOR UPDATE")
        process = subprocess.Popen(arguments, cwd=ROOT, env=variables)
        try:
            assert wait_until(lambda: waiting_sessions(committed) == 1, 60)
            yield process, holder
        finally:
            process.kill()
            process.wait()


def waiting_sessions(committed: Database) -> int:
    """How many sessions of the test's database wait for somebody else's lock."""
    with committed.as_superuser() as watcher:
        [waiting] = watcher.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'", [committed.name]
        ).fetchone() or [0]
        return int(waiting)


def test_a_killed_owner_of_a_key_is_succeeded_by_who_waits(shop: Shop, committed: Database, run_jobs: Run) -> None:
    with owner_at_work(shop, committed) as (owner, holder), ThreadPoolExecutor(1) as director:
        running = director.submit(storm, lambda _: shop.subscribe("the-key"))
        assert wait_until(lambda: waiting_sessions(committed) > 1, 60)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        holder.execute("COMMIT AND CHAIN")
        answers = running.result()
    # Whoever waited is first now; on a machine so slow that nobody waited long enough it is the next to ask.
    answers.append(shop.subscribe("the-key"))
    first = assert_one_answer(answers)
    replayed = shop.subscribe("the-key")
    assert_replays(replayed, first)
    assert replayed.headers["X-Original-Request-Id"] != "the-killed-owner"
    do_all(run_jobs)
    assert effects() == (1, 1, 1)


def test_an_owner_who_lives_keeps_his_key(shop: Shop, committed: Database, run_jobs: Run) -> None:
    with owner_at_work(shop, committed) as (owner, holder):
        assert code_of(shop.subscribe("the-key")) == IN_PROGRESS
        holder.execute("COMMIT AND CHAIN")
        assert owner.wait(timeout=60) == 0
    replayed = shop.subscribe("the-key")
    assert (replayed.status_code, replayed.headers["X-Original-Request-Id"]) == (201, "the-killed-owner")
    do_all(run_jobs)
    assert effects() == (1, 1, 1)


def test_a_refusal_is_the_answer_of_its_key_for_good(turn: None, committed: Database) -> None:
    shop = open_shop(family="main")
    made = shop.subscribe("first")
    refused = assert_one_answer(storm(lambda _: shop.subscribe("second")), status=409)
    assert code_of(refused) == "live_subscription_exists"
    assert shop.post(f"{SUBSCRIPTIONS}/{made.json()['id']}/cancel", {"at": "now"}, "third").status_code == 200
    # What was in the way is gone, and the key's answer stays; another key is another request.
    assert_replays(shop.subscribe("second"), refused)
    assert shop.subscribe("fourth").status_code == 201
    assert effects()[:2] == (2, 2)


def test_validation_and_bugs_are_nobodys_answer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug after the subscription was written")

    invalid = storm(lambda _: shop.subscribe("the-key", quantity=0))
    assert {(one.status_code, is_replay(one)) for one in invalid} <= {(422, False), (409, False)}
    assert {code_of(one) for one in invalid} <= {"validation_failed", IN_PROGRESS}
    with monkeypatch.context() as patched:
        patched.setattr(_create, "say_created", fail)
        assert {code_of(one) for one in storm(lambda _: shop.subscribe("the-key"))} <= {"internal_error", IN_PROGRESS}
    with inside("sandbox"), transaction.atomic():
        assert IdempotencyRecord.objects.count() == 0
    assert effects() == (0, 0, 0)
    assert shop.subscribe("the-key").status_code == 201
    assert effects() == (1, 1, 0)
