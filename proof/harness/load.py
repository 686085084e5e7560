"""A mixed load over HTTP, and the ledger of what was acknowledged.

Clients behave as the API's documentation asks them to: each write has a key of its own, and what was answered by an
error of the server, or not at all, is sent again under the same key until it is answered.
"""

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import urllib3

PATIENCE_S = 12.0
PAUSE_S = 0.1
STOP = "stop"


@dataclass(frozen=True, kw_only=True)
class Ack:
    """One answered write: when it was sent first and answered, how often it was sent, and what it made."""

    kind: str
    key: str
    status: int
    id: str
    sent_at: float
    answered_at: float
    tries: int
    failures: list[int]


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Where to send, as whom, and about what."""

    url: str
    secret: str
    customer: str
    plan: str
    meter: str

    def orders(self, key: str) -> Mapping[str, tuple[str, dict[str, Any]]]:
        """This function will return what a client may ask for: kind, path and body."""
        event = {"id": key, "meter": self.meter, "customer": self.customer}
        return {
            "subscription": ("/api/v1/subscriptions", {"customer": self.customer, "plan": self.plan}),
            "customer": ("/api/v1/customers", {"email": f"{key}@example.com", "name": key}),
            "event": ("/api/v1/events", event),
        }


# Of ten requests: subscriptions are what is paid for, events are many, and somebody always reads.
MIX = ("subscription",) * 3 + ("customer",) * 2 + ("event",) * 3 + ("read",) * 2


class Load:
    """Clients that send until the file `stop` appears; every answered write is a line of `acks`.

    Each rests between two requests, so that a small run does not leave a backlog for minutes.
    """

    def __init__(self, folder: Path, shop: Shop, *, clients: int, seed: int, rest_s: float = 0.0) -> None:
        self.folder, self.shop, self.clients, self.seed, self.rest_s = folder, shop, clients, seed, rest_s
        self._lock = Lock()
        self._pool = urllib3.PoolManager(maxsize=clients, retries=False, timeout=PATIENCE_S)

    @property
    def acks(self) -> Path:
        return self.folder / "acks"

    def run(self) -> None:
        """This function will send until it is told to stop; it is what the load's process does."""
        with self.acks.open("a", buffering=1, encoding="utf-8") as ledger, ThreadPoolExecutor(self.clients) as pool:

            def note(ack: Ack) -> None:
                with self._lock:
                    ledger.write(json.dumps(asdict(ack)) + "\n")

            for done in [pool.submit(self._be_client, number, note) for number in range(self.clients)]:
                done.result()

    def stop(self) -> None:
        """This function will have the clients finish what they have begun, and stop."""
        (self.folder / STOP).touch()

    def read(self) -> list[Ack]:
        """This function will return what was acknowledged so far."""
        text = self.acks.read_text(encoding="utf-8") if self.acks.exists() else ""
        return [Ack(**json.loads(line)) for line in text.splitlines() if line.endswith("}")]

    def count(self) -> int:
        """This function will return how many writes were answered so far."""
        return len(self.read())

    def _be_client(self, number: int, note: Callable[[Ack], None]) -> None:
        dice, sent = random.Random(f"{self.seed}:{number}"), 0
        while not (self.folder / STOP).exists():
            kind, key = dice.choice(MIX), f"load-{os.getpid()}-{number}-{sent}"
            sent += 1
            if kind == "read":
                self._send("GET", "/api/v1/subscriptions?limit=5", None, "")
            else:
                note(self._insist(kind, key))
            time.sleep(self.rest_s)

    def _insist(self, kind: str, key: str) -> Ack:
        """Send a write until it is answered by anything but an error of the server."""
        path, body = self.shop.orders(key)[kind]
        failures: list[int] = []
        began, tries = time.time(), 0
        while True:
            tries += 1
            status, answer = self._send("POST", path, body, key)
            # 409 while the first of our own tries may still be running.
            if 200 <= status < 300 or (400 <= status < 500 and status not in (408, 409, 429)):
                made = str(answer.get("id", ""))
                return Ack(
                    kind=kind, key=key, status=status, id=made, sent_at=began, answered_at=time.time(), tries=tries,
                    failures=failures,
                )  # fmt: skip
            failures.append(status)
            time.sleep(PAUSE_S)

    def _send(self, method: str, path: str, body: dict[str, Any] | None, key: str) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.shop.secret}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        content = None if body is None else json.dumps(body)
        try:
            response = self._pool.request(method, self.shop.url + path, body=content, headers=headers)
            answer = json.loads(response.data or b"{}")
        except (urllib3.exceptions.HTTPError, ValueError):
            return 0, {}
        return response.status, answer if isinstance(answer, dict) else {}
