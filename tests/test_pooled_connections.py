"""Requests of two tenants, interleaved on connections they share: nobody ever sees or touches a row of the other."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client

from accounts.models import Customer
from accounts.tests.factories import make_customer, make_key
from core import tenancy
from core.tenancy import rows, scopes
from core.tenancy.scopes import Scope, SystemScope
from tests.pooling import pgbouncer
from tests.session import Database
from tests.shared import environment_called

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CUSTOMERS = "/api/v1/customers"
CLIENTS = 8
FEW, MANY = 160, 10_000


@dataclass(kw_only=True)
class Tenant:
    """One environment: its key, and the ids of the customers it had at the beginning."""

    slug: str
    key: str = ""
    known: list[str] = field(default_factory=list)

    def open(self) -> None:
        with tenancy.scope(environment_called(self.slug).as_scope()), transaction.atomic():
            self.key = make_key()
            emails = [f"{self.slug}{number}@example.com" for number in range(5)]
            self.known = [make_customer(email=email).public_id for email in emails]

    def stored(self) -> set[str]:
        with tenancy.scope(environment_called(self.slug).as_scope()), transaction.atomic():
            return set(Customer.objects.values_list("email", flat=True))


@pytest.fixture
def tenants(committed: Database) -> tuple[Tenant, Tenant]:
    found = Tenant(slug="live"), Tenant(slug="sandbox")
    for one in found:
        one.open()
    return found


def ask(mine: Tenant, other: Tenant, number: int, dice: random.Random) -> str:
    """Send one request of a tenant; the answer is what is wrong about it, or nothing."""
    client, headers = Client(raise_request_exception=False), {"X-API-Key": mine.key, "Idempotency-Key": f"n{number}"}
    what = dice.choice(("list", "own", "foreign", "make", "spoil", "nobody"))
    if what == "list":
        shown = client.get(CUSTOMERS, {"limit": 100}, headers=headers).json()["data"]
        return "" if shown and all(one["email"].startswith(mine.slug) for one in shown) else f"the list: {shown}"
    if what == "own":
        return expect(client.get(f"{CUSTOMERS}/{dice.choice(mine.known)}", headers=headers), 200)
    if what == "foreign":
        return expect(client.get(f"{CUSTOMERS}/{dice.choice(other.known)}", headers=headers), 404)
    if what == "nobody":
        return expect(client.get(CUSTOMERS), 401)
    body = {"email": f"{mine.slug}-made{number}@example.com" if what == "make" else "spoiled"}
    answer = client.post(CUSTOMERS, body, content_type="application/json", headers=headers)
    return expect(answer, 201 if what == "make" else 422)


def expect(answer: Any, status: int) -> str:
    return "" if answer.status_code == status else f"{answer.status_code} instead of {status}: {answer.content!r}"


def interleave(tenants: Sequence[Tenant], requests: int, *, seed: int) -> list[str]:
    """Both tenants' requests in random order from a few threads; returns everything that was wrong."""

    def work(client: int) -> list[str]:
        dice = random.Random(f"{seed}:{client}")
        try:
            return [wrong for number in range(client, requests, CLIENTS) if (wrong := once(number, dice))]
        finally:
            connections.close_all()

    def once(number: int, dice: random.Random) -> str:
        mine, other = dice.sample(list(tenants), 2)
        return ask(mine, other, number, dice)

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [wrong for found in pool.map(work, range(CLIENTS)) for wrong in found]


def assert_apart(tenants: Sequence[Tenant]) -> None:
    for one in tenants:
        assert {email.startswith(one.slug) for email in one.stored()} == {True}
        assert len(one.stored()) > len(one.known)


Proxy = Callable[[str], Any]
PROXIES: dict[str, Proxy] = {"kept open": lambda _: nullcontext(), "PgBouncer": pgbouncer}
SIZES = [pytest.param(FEW, id="few"), pytest.param(MANY, id="many", marks=pytest.mark.proof)]


@pytest.mark.parametrize("requests", SIZES)
@pytest.mark.parametrize("proxy", PROXIES.values(), ids=PROXIES)
def test_interleaved_requests_stay_in_their_environments(
    tenants: tuple[Tenant, Tenant], committed: Database, proxy: Proxy, requests: int, record_property: Any
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    record_property("seed", seed)
    with proxy(committed.urls.app):
        assert interleave(tenants, requests, seed=seed) == [], f"seed {seed}"
    assert_apart(tenants)


def test_without_the_fences_the_same_requests_meet_foreign_rows(
    tenants: tuple[Tenant, Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unfenced(chosen: Scope | SystemScope | None) -> tuple[str, str]:
        return "", "sabotage"

    monkeypatch.setattr(scopes, "settings_of", unfenced)
    monkeypatch.setattr(rows.ScopedManager, "get_queryset", super(rows.ScopedManager, rows.ScopedManager).get_queryset)
    assert interleave(tenants, FEW, seed=1) != []
