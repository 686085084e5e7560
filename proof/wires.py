"""Every wire of the house goes bad in turn: cut, slow, held back, half open. What was acknowledged is there, once."""

import json
import os
import random
import time
from collections import Counter
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.test import Client
from django.test.utils import setup_test_environment

from proof.harness import ledger, verdict
from proof.harness.births import Nursery
from proof.harness.crew import until
from proof.harness.house import Programs, running
from proof.harness.load import Load, Shop
from proof.harness.outside import Outside
from proof.harness.progress import Progress
from proof.harness.proxy import Wires
from proof.harness.results import Result
from proof.harness.settling import work_off
from proof.harness.shops import open_shop

CLIENTS = 4
# What can happen to which wire, and for how many seconds at most.
TROUBLES = (
    ("postgres", "cut", 0.4), ("postgres", "delay", 0.8), ("postgres", "hold", 0.8), ("postgres", "half", 0.5),
    ("redis", "cut", 1.0), ("redis", "delay", 1.0), ("redis", "hold", 3.0), ("redis", "half", 3.0),
    ("receiver", "cut", 1.0), ("receiver", "delay", 1.0), ("receiver", "hold", 1.0), ("receiver", "half", 1.0),
)  # fmt: skip
DELAY_MS = 40
# So long no write may wait for what it does not need.
STUCK_S = 15.0
# Of the requests that have done everything but commit, these lose their connection at that very moment.
UNCOMMITTED = {"points": {"request.committing": {"do": "disconnect", "chance": 0.05}}}
_TOLD = "SELECT count(*) FROM webhooks_delivery WHERE state = 'succeeded'"


def run(nursery: Nursery, outside: Outside, result: Result, *, troubles: int, writes: int, rest_s: float = 0.0) -> None:
    """This function will run the house over bad wires under load, one trouble after the other."""
    heard = nursery.folder / "heard"
    server = _receiver(heard)
    receiver = nursery.fork("receiver", partial(server.serve_forever, 0.5))
    wires = Wires({"receiver": server.server_address[:2], **_engines()})  # type: ignore[dict-item]
    proxy = nursery.fork("proxy", wires.serve)
    shop = nursery.ask(partial(_open, wires.ports["receiver"]))
    environment = {**_through(wires), "FAILPOINTS": json.dumps({"seed": result.seed, **UNCOMMITTED})}
    try:
        with running(nursery.folder, environment) as programs:
            buyers = Shop(url=programs.url, **shop)
            load = Load(nursery.folder, buyers, clients=CLIENTS, seed=result.seed, rest_s=rest_s)
            child = nursery.fork("load", load.run)
            happened = _trouble(wires, load, programs, random.Random(result.seed), troubles=troubles, writes=writes)
            load.stop()
            result.expect("the load's end", child.wait(), 0)
            work_off(outside, every=lambda: _help(outside, programs), patience_s=300)
        _judge(nursery, outside, result, load, programs, heard, happened)
    finally:
        for one in (receiver, proxy):
            one.signal(9)  # type: ignore[arg-type]
            one.wait()


def _engines() -> dict[str, tuple[str, int]]:
    found = {"postgres": urlsplit(os.environ["DATABASE_URL"]), "redis": urlsplit(os.environ["REDIS_URL"])}
    return {name: (url.hostname or "", url.port or 0) for name, url in found.items()}


def _through(wires: Wires) -> dict[str, str]:
    ways = {"DATABASE_URL": "postgres", "REDIS_URL": "redis"}
    return {name: _at(urlsplit(os.environ[name]), wires.ports[way]) for name, way in ways.items()}


def _at(url: SplitResult, port: int) -> str:
    person, _, _ = url.netloc.rpartition("@")
    return url._replace(netloc=f"{person}@127.0.0.1:{port}").geturl()


def _open(port: int) -> dict[str, str]:
    """The company, and its endpoint, which hears of every new subscription."""
    setup_test_environment()
    shop = open_shop()
    endpoint = {"url": f"http://127.0.0.1:{port}/", "events": ["subscription.created"]}
    headers = {"X-API-Key": shop["secret"], "Idempotency-Key": "endpoint"}
    answer: Any = Client().post("/api/v1/webhook-endpoints", endpoint, "application/json", headers=headers)
    if answer.status_code != 201:
        raise RuntimeError(answer.content.decode())
    return shop


def _receiver(heard: Path) -> HTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with heard.open("a", encoding="utf-8") as file:
                file.write(f"{self.headers['webhook-id']}\n")
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    return HTTPServer(("127.0.0.1", 0), Handler)


def _trouble(
    wires: Wires, load: Load, programs: Programs, dice: random.Random, *, troubles: int, writes: int
) -> Counter[str]:
    """Each kind of trouble in turn, for a time that the seed chooses; some writes in between.

    Without PostgreSQL nothing can be acknowledged; whatever is wrong with Redis or a receiver, writes must go on.
    """
    told, happened = Progress(), Counter[str]()
    _await(load, programs, writes)
    for number in range(troubles):
        way, mode, most = dice.choice(TROUBLES) if number >= len(TROUBLES) else TROUBLES[number]
        wires.treat(way, mode, DELAY_MS)
        time.sleep(dice.uniform(most / 3, most))
        if way != "postgres" and not _await(load, programs, writes, seconds=STUCK_S):
            happened["standstills"] += 1
        wires.treat(way, "pass")
        happened[f"troubles of {way}"] += 1
        told.at(number / troubles, f"{number + 1} troubles, {load.count()} writes")
        _await(load, programs, writes)
    return happened


def _await(load: Load, programs: Programs, writes: int, *, seconds: float = 120.0) -> bool:
    wanted = load.count() + writes
    return until(lambda: load.count() >= wanted, seconds=seconds, every=programs.revive, interval=0.05)


def _help(outside: Outside, programs: Programs) -> None:
    outside.skip_waits()
    programs.revive()


def _judge(
    nursery: Nursery, outside: Outside, result: Result, load: Load, programs: Programs, heard: Path,
    happened: Counter[str],
) -> None:  # fmt: skip
    acks = load.read()
    ids = heard.read_text(encoding="utf-8").split() if heard.exists() else []
    sold = sum(ack.kind == "subscription" for ack in acks)
    result.counted = {
        "acknowledged writes": len(acks), "failed tries": sum(len(ack.failures) for ack in acks),
        **{what: times for what, times in happened.items() if what != "standstills"}, "webhooks heard": len(set(ids)),
    }  # fmt: skip
    result.expect("standstills while only Redis or a receiver was in trouble", happened["standstills"], 0)
    result.expect("webhooks heard", len(set(ids)), sold)
    result.expect("webhooks delivered", outside.one(_TOLD), sold)
    result.expect("times the web server died", programs.restarts.get("web", 0), 0)
    result.expect("work left over", outside.unfinished(), 0)
    ledger.compare(outside, acks, result)
    result.broken += verdict.broken(nursery)
