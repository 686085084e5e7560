"""Passwords are hashed a few at a time, and never while a transaction is open."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import hashers as django_hashers
from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts import hashers
from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import PASSWORD, register
from core import ids
from core.tenancy import Scope
from tests.fixtures import Api

NEW = "a wholly different phrase"


class Crowd:
    """Threads that stand in a gate until they are let go, and how many were inside at most."""

    def __init__(self, gate: hashers.Gate) -> None:
        self.gate, self.go = gate, threading.Event()
        self.inside, self.most, self.refused = threading.Semaphore(0), 0, 0
        self._now, self._lock = 0, threading.Lock()

    def stand(self) -> None:
        try:
            with self.gate.passed():
                with self._lock:
                    self._now += 1
                    self.most = max(self.most, self._now)
                self.inside.release()
                self.go.wait(10)
                with self._lock:
                    self._now -= 1
        except hashers.TooManyHashes:
            with self._lock:
                self.refused += 1
            self.inside.release()


def test_no_more_than_so_many_hash_at_once_and_the_others_wait() -> None:
    crowd = Crowd(hashers.Gate(2, most_waiting=10))
    threads = [threading.Thread(target=crowd.stand) for _ in range(6)]
    for one in threads:
        one.start()
    assert all(crowd.inside.acquire(timeout=10) for _ in range(2))
    crowd.go.set()
    for one in threads:
        one.join(10)
    assert (crowd.most, crowd.refused) == (2, 0)


def test_a_line_that_is_too_long_sends_the_next_away_at_once() -> None:
    crowd = Crowd(hashers.Gate(1, most_waiting=0))
    first = threading.Thread(target=crowd.stand)
    first.start()
    assert crowd.inside.acquire(timeout=10)
    with pytest.raises(hashers.TooManyHashes) as caught, crowd.gate.passed():
        raise AssertionError("let in")
    assert caught.value.headers == {"Retry-After": "2"}
    crowd.go.set()
    first.join(10)
    with crowd.gate.passed():
        pass


def test_who_waits_too_long_is_sent_away_and_leaves_no_place_taken() -> None:
    gate = hashers.Gate(1, most_waiting=1, wait_s=0.01)
    crowd = Crowd(gate)
    first = threading.Thread(target=crowd.stand)
    first.start()
    assert crowd.inside.acquire(timeout=10)
    for _ in range(3):
        with pytest.raises(hashers.TooManyHashes), gate.passed():
            raise AssertionError("let in")
    crowd.go.set()
    first.join(10)


def test_every_hash_of_the_house_passes_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashers, "gate", lambda: hashers.Gate(1, most_waiting=-1))
    with pytest.raises(hashers.TooManyHashes):
        make_password(PASSWORD)


@pytest.mark.django_db
def test_a_log_in_that_finds_no_place_is_told_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    register()
    door = with_key(type="publishable")
    monkeypatch.setattr(hashers, "gate", lambda: hashers.Gate(1, most_waiting=-1))
    answer = door.post("/api/v1/auth/login", {"email": "ada@example.com", "password": PASSWORD})
    assert problem(answer) == (503, "passwords_busy")
    assert answer.headers["Retry-After"] == "2"


@pytest.fixture
def depths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many transactions (the test's own included) were open at each hash."""
    found: list[int] = []
    hasher: Any = type(django_hashers.get_hasher())

    def noting(call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any) -> Any:
            found.append(len(connection.atomic_blocks))
            return call(*args)

        return noted

    for name in ("encode", "verify"):
        monkeypatch.setattr(hasher, name, noting(getattr(hasher, name)))
    return found


AUTH = "/api/v1/auth"


@pytest.mark.django_db
def test_no_hash_is_made_while_a_transaction_is_open(depths: list[int], environment: Scope) -> None:
    outside, door = len(connection.atomic_blocks), with_key(type="publishable")
    ada = {"email": "ada@example.com", "password": PASSWORD}
    made = door.post(f"{AUTH}/register", ada)
    assert made.status_code == 201
    assert door.post(f"{AUTH}/login", ada).status_code == 200
    assert door.post(f"{AUTH}/login", {**ada, "email": "nobody@example.com"}).status_code == 401
    changed = {"current_password": PASSWORD, "new_password": NEW}
    assert with_token(made.json()["access_token"]).post(f"{AUTH}/change-password", changed).status_code == 200
    where = ids.encode("env", environment.environment_id)
    assert Api("").post(f"{AUTH}/login", {**ada, "environment": where}).status_code == 401
    assert len(depths) >= 6
    assert set(depths) == {outside}
