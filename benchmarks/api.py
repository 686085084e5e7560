"""The API: subscribing beside pgbench with the same rows, reading beside plain Django REST framework, and loads."""

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count

from benchmarks import house, logins, pgbench, rows
from benchmarks.load import Clients, Measured, Request, median
from benchmarks.table import Line, ratio
from core import ids
from local.client import Client

SUBSCRIPTIONS = "/api/v1/subscriptions"
HEALTH = "/api/health"
RETRIES = 20
PAGE = 50
HEALTH_SHARE = 0.7


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured. Requests and transactions are per client, and per round where there are rounds."""

    pairs: int = 5
    clients: int = rows.CLIENTS
    posts: int = 15
    transactions: int = 60
    reads: int = 30
    lists: int = 10
    mixed: int = 100
    logins: int = 15

    @property
    def customers(self) -> int:
        """How many customers each client needs: a new one for each POST and each transaction, one round to warm up."""
        return (self.pairs + 2) * max(self.posts, self.transactions)


Opened = Callable[[int], AbstractContextManager[house.Loaded]]


def open_own(customers: int) -> AbstractContextManager[house.Loaded]:
    """This function will open a house with engines of its own."""
    return house.opened(os.environ, customers=customers)


def run(size: Size = Size(), opened: Opened = open_own) -> list[Line]:
    """This function will measure everything in one run and return what to print, the quickest paths last."""
    with opened(size.customers) as loaded, Clients(loaded.port) as clients, Clients(loaded.plain_port) as plain:
        this = _Run(loaded, clients, plain, size)
        return [*this.writes(), *this.retries(), *this.reads(), *this.loads(), *this.beside_logins()]


class _Run:
    def __init__(self, loaded: house.Loaded, clients: Clients, plain: Clients, size: Size) -> None:
        self._loaded, self._clients, self._plain, self._size = loaded, clients, plain, size
        self._numbers = count(rows.FIRST_NUMBER)
        self._headers = {"X-API-Key": loaded.secret, "Content-Type": "application/json"}

    def writes(self) -> Iterator[Line]:
        """This function will measure POST /subscriptions, its replays, and the reference, in turns."""
        self._turn(0, self._size.transactions)
        self._loaded.analyze()
        turns = [self._turn(number, self._size.posts) for number in range(1, self._size.pairs + 1)]
        posts, replays, references = zip(*turns, strict=True)
        note = f"pgbench: {self._loaded.rows} rows, {self._loaded.statements} statements"
        yield _speed("POST subscription", posts)
        yield _speed("pgbench", references)
        yield ratio("POST subscription, rate", _times(posts, references), least=0.30, stretch=0.50, note=note)
        slower = median([post.at(95) / reference.at(95) for post, reference in zip(posts, references, strict=True)])
        yield ratio("POST subscription, P95", slower, least=4, stretch=2.5, note="pgbench's P95", is_cost=True)
        yield _speed("replay", replays)
        yield ratio("replay of a finished key", _times(replays, posts), least=1.5, stretch=3, note="own POST")

    def retries(self) -> Iterator[Line]:
        """This function will send one request many times over; it fails unless that has one effect."""
        request = self._post(next(self._numbers), rows.FIRST_CLIENT)
        found = self._clients.run([[request] * RETRIES])
        customer = json.loads(request.body or "")["customer"]
        effects = len(self._client().get("/subscriptions", customer=customer)["data"])
        if effects != 1:
            raise AssertionError(f"{RETRIES} calls with one key made {effects} subscriptions")
        yield Line(what=f"same-key retry, {RETRIES} calls", result=f"{effects} effect, {_latency(found)}")

    def reads(self) -> Iterator[Line]:
        """This function will measure reading one subscription and a page of 50 beside a plain model serializer."""
        page = self._client().get("/subscriptions", limit=PAGE)["data"]
        ours = [f"{SUBSCRIPTIONS}/{row['id']}" for row in page]
        theirs = [f"/subscriptions/{ids.decode('sub', row['id'])}" for row in page]
        one = self._pairs(ours, theirs, self._size.reads)
        pages = self._pairs([f"{SUBSCRIPTIONS}?limit={PAGE}"], ["/subscriptions"], self._size.lists)
        note = "a plain ModelSerializer without credentials"
        for what, (mine, plain), least, stretch in (
            ("GET one subscription", one, 1.5, 3.0),
            (f"GET a list of {PAGE}", pages, 2.5, 4.5),
        ):
            yield _speed(what, mine)
            yield ratio(f"{what}, rate", _times(mine, plain), least=least, stretch=stretch, note=note)

    def loads(self) -> Iterator[Line]:
        """This function will measure health alone, and a mixed load."""
        health = Request(path=HEALTH)
        yield _speed("GET health", [self._clients.run([[health] * self._size.mixed] * self._size.clients)])
        chosen = random.Random(1)
        one = self._client().get("/subscriptions", limit=1)["data"][0]["id"]
        read = self._get(f"{SUBSCRIPTIONS}/{one}")
        loads = [
            [health if chosen.random() < HEALTH_SHARE else read for _ in range(self._size.mixed)]
            for _ in range(self._size.clients)
        ]
        yield _speed("mixed: 70 % health, 30 % GET one", [self._clients.run(loads)])

    def beside_logins(self) -> list[Line]:
        """This function will measure reading one subscription while people log in."""
        one = self._client().get("/subscriptions", limit=1)["data"][0]["id"]
        reading = self._same([self._get(f"{SUBSCRIPTIONS}/{one}")], self._size.reads)[: logins.PEOPLE]
        return logins.lines(
            self._loaded.port, self._clients, reading, key=self._loaded.publishable, each=self._size.logins,
            pairs=self._size.pairs,
        )  # fmt: skip

    def _turn(self, number: int, posts: int) -> tuple[Measured, Measured, Measured]:
        numbers = [next(self._numbers) for _ in range(posts)]
        clients = range(rows.FIRST_CLIENT, rows.FIRST_CLIENT + self._size.clients)
        loads = [[self._post(one, client) for one in numbers] for client in clients]
        first = rows.FIRST_NUMBER + number * self._size.transactions
        reference = pgbench.run(
            self._loaded.script, self._loaded.reference_url, clients=self._size.clients,
            transactions=self._size.transactions, first=first,
        )  # fmt: skip
        return self._clients.run(loads), self._clients.run(loads), reference

    def _pairs(self, ours: list[str], theirs: list[str], times: int) -> tuple[list[Measured], list[Measured]]:
        mine, plain = [], []
        for _ in range(self._size.pairs + 1):
            mine.append(self._clients.run(self._same([self._get(path) for path in ours], times)))
            plain.append(self._plain.run(self._same([Request(path=path) for path in theirs], times)))
        return mine[1:], plain[1:]

    def _same(self, requests: list[Request], times: int) -> list[list[Request]]:
        load = [requests[number % len(requests)] for number in range(times)]
        return [load] * self._size.clients

    def _post(self, number: int, client: int) -> Request:
        customer = ids.encode("cus", rows.uuid_of(number, client))
        body = json.dumps({"customer": customer, "plan": self._loaded.plan})
        headers = self._headers | {"Idempotency-Key": str(rows.uuid_of(number, client, 1))}
        return Request(method="POST", path=SUBSCRIPTIONS, headers=headers, body=body, status=201)

    def _get(self, path: str) -> Request:
        return Request(path=path, headers=self._headers)

    def _client(self) -> Client:
        return Client(f"http://127.0.0.1:{self._loaded.port}", self._loaded.secret)


def _times(ours: Sequence[Measured], theirs: Sequence[Measured]) -> float:
    return median([mine.rate / other.rate for mine, other in zip(ours, theirs, strict=True)])


def _speed(what: str, rounds: Sequence[Measured]) -> Line:
    middle = sorted(rounds, key=lambda one: one.rate)[len(rounds) // 2]
    return Line(what=what, result=f"{middle.rate:.0f}/s, {_latency(middle)}")


def _latency(found: Measured) -> str:
    return f"P50 {found.at(50):.1f} ms, P95 {found.at(95):.1f} ms"
