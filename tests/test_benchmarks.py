"""The loads run, and the reference writes what a request writes. How fast anything is, no test says."""

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

from benchmarks import __main__, api, chain, house, invoices, pricing, relay, renewals
from benchmarks.load import Clients, Request, WrongAnswer, measured
from benchmarks.table import ratio, render
from local.engines import databases
from tests import forked
from tests.session import Database

SMALLEST = api.Size(pairs=1, clients=2, posts=2, transactions=2, reads=2, lists=1, mixed=4, logins=2)
# A round to warm up and one that counts, of every client; the company has two from the beginning.
WRITTEN = 2 * SMALLEST.clients * SMALLEST.transactions + 2
PER_SUBSCRIPTION = {
    "subscriptions_subscription": 1,
    "subscriptions_subscriptionevent": 1,
    "billing_invoice": 1,
    "billing_posting": 2,
    "payments_payment": 1,
    "core_idempotencyrecord": 1,
}


def counts(url: str) -> dict[str, Any]:
    with psycopg.connect(url, autocommit=True) as admin:
        return {table: admin.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in PER_SUBSCRIPTION}


@pytest.mark.slow
def test_the_api_is_measured_beside_its_references(committed: Database, tmp_path: Path) -> None:
    variables = {**os.environ, **committed.environment, "DATABASE_ADMIN_URL": committed.admin_url}
    variables["DJANGO_SETTINGS_MODULE"] = "config.settings"
    found = []

    @contextmanager
    def opened(customers: int) -> Iterator[house.Loaded]:
        connections.close_all()
        with house.served(variables, tmp_path, customers=customers) as loaded:
            yield loaded
            found.append(counts(databases.swap(committed.admin_url, databases.name_of(loaded.reference_url))))

    lines = api.run(SMALLEST, opened)
    assert found == [{table: times * WRITTEN for table, times in PER_SUBSCRIPTION.items()}]
    named = {line.what for line in lines}
    assert {"POST subscription, rate", "POST subscription, P95", "replay of a finished key", "GET health"} <= named
    assert "GET one while 4 log in, P95" in named
    assert next(line.result for line in lines if "retry" in line.what).startswith("1 effect")
    assert all(line.verdict in ("below", "reached", "stretch") for line in lines if line.goal)


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece of work is a fork; that a program of its own does it as well is proved once, below."""
    monkeypatch.setattr(house, "ask", forked.ask)


@pytest.fixture
def own(committed: Database, tmp_path: Path) -> relay.Opened:
    """What opens this test's database to a load, as engines of its own would be opened."""
    variables = {**os.environ, **committed.environment, "DATABASE_ADMIN_URL": committed.admin_url}
    variables["DJANGO_SETTINGS_MODULE"] = "config.settings"

    @contextmanager
    def opened() -> Iterator[tuple[dict[str, str], Path]]:
        connections.close_all()
        yield variables, tmp_path

    return opened


@pytest.mark.slow
def test_work_is_done_by_a_program_of_its_own(own: relay.Opened) -> None:
    with own() as (environment, _):
        assert house.ask(relay.MODULE, environment, "hash")["answer"] == 0
        with pytest.raises(SystemExit, match="KeyError: 'sing'"):
            house.ask(relay.MODULE, environment, "sing")


@pytest.mark.slow
@pytest.mark.usefixtures("forks")
def test_issuing_is_measured_beside_the_same_rows(own: relay.Opened) -> None:
    size = invoices.Size(pairs=1, invoices=2, transactions=2, lines=3)
    queries, *speeds = invoices.run(size, own)
    counted = [one.split(" with ")[0] for one in queries.result.split(", ")]
    assert len(counted) == 3
    assert len(set(counted)) == 1
    assert [line.what for line in speeds] == ["invoice of 3 lines", "pgbench", "invoice of 3 lines, rate"]


@pytest.mark.slow
@pytest.mark.usefixtures("forks")
def test_the_relay_is_measured_beside_claiming_and_marking(committed: Database, own: relay.Opened) -> None:
    relayed = relay.run(relay.Size(pairs=1, facts=3), own)
    assert [line.what for line in relayed] == ["relay of 3 facts", "claim and mark in SQL", "relay, rate"]
    with committed.as_superuser() as admin:
        found = admin.execute("SELECT count(*), count(sequence) FROM outbox_outboxevent").fetchone()
    assert found is not None
    # Two rounds of three, after the pattern's.
    assert found[0] == found[1] >= 7


@pytest.mark.slow
@pytest.mark.usefixtures("forks")
def test_the_chain_is_measured_beside_bare_hashing(committed: Database, own: relay.Opened) -> None:
    proved = chain.run(chain.Size(pairs=1, entries=3), own)
    assert [line.what for line in proved] == ["proving 3 entries", "hashing them in memory", "chain verification, rate"]
    with committed.as_superuser() as admin:
        assert admin.execute("SELECT count(*) FROM audit_seal").fetchone() == (3,)


@pytest.mark.slow
@pytest.mark.usefixtures("forks")
def test_renewing_is_measured_beside_the_same_rows(committed: Database, own: relay.Opened) -> None:
    size = renewals.Size(pairs=1, subscriptions=3, one_by_one=2, due=(6,), sample=2, each=2, warm=1)
    lines = renewals.run(size, own)
    assert [line.what for line in lines if line.goal] == [
        "renewals, rate", "renewals, rate", "its cost", "two workers, rate",
    ]  # fmt: skip
    assert all(line.verdict in ("below", "reached", "stretch") for line in lines if line.goal)
    with committed.as_superuser() as admin:
        kinds = "SELECT count(*), count(DISTINCT reference) FROM billing_invoice WHERE number IS NOT NULL"
        written = admin.execute(kinds).fetchone()
        due = "SELECT count(*) FROM subscriptions_subscription WHERE period_index = 1"
        renewed = admin.execute(due).fetchone()
        assert admin.execute("SELECT count(*) FROM jobs_job WHERE state IN ('failed', 'dead')").fetchone() == (0,)
    assert written is not None
    assert renewed is not None
    # The two that were made by verbs have an invoice of their first period, too.
    assert written[0] == renewed[0] + 2
    assert renewed[0] >= 2 + (3 + 1) + (2 + 1) + 3 * (2 + 1)


def test_arithmetic_is_measured_beside_bare_multiplications() -> None:
    size = pricing.Size(pairs=1, lines=6, invoices=1, lines_per_invoice=3)
    named = [line.what for line in pricing.run(size)]
    assert named == ["pricing 6 lines", "pricing, cost", "computing 1 invoices", "computing, cost"]
    # One line of each model; 2994 less 749, 281 and 500, with 121 and 31 tax, less 1000 from the wallet.
    assert pricing.price_lines(6) == 4900 + 3 + 1292 + 1688 + 150 + 359
    assert pricing.compute_invoices(size) == 616


def test_a_ratio_is_judged_by_both_goals() -> None:
    verdicts = [ratio("rate", value, least=1, stretch=2).verdict for value in (0.9, 1.0, 2.0)]
    assert verdicts == ["below", "reached", "stretch"]
    costs = [ratio("P95", value, least=4, stretch=2, is_cost=True).verdict for value in (4.1, 4.0, 1.0)]
    assert costs == ["below", "reached", "stretch"]
    assert ratio("rate", 0.9, least=1, stretch=2).far == "45 % of stretch"
    assert ratio("P95", 3.0, least=4, stretch=2.5, is_cost=True).far == "83 % of stretch"


def test_spans_become_a_rate_and_percentiles() -> None:
    found = measured([(number / 10, number / 10 + (number + 1) / 1000) for number in range(20)])
    assert found.rate == pytest.approx(20 / 1.92)
    assert (found.at(50), found.at(95), found.at(100)) == pytest.approx((10, 19, 20))


@contextmanager
def answering(*pieces: bytes) -> Iterator[int]:
    """A server that answers the first request in pieces, and hangs up."""

    def serve(listening: socket.socket) -> None:
        wire, _ = listening.accept()
        with wire:
            wire.recv(1 << 16)
            for piece in pieces:
                wire.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as threads:
        served = threads.submit(serve, listening)
        yield listening.getsockname()[1]
        served.result()


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 201 Cre", b"ated\r\nA: b\r\ncontent-length:", b" 4\r\n\r", b"\nbo", b"dy"),
        (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nbody\r\n", b"0\r\n", b"\r\n"),
    ],
)
def test_an_answer_in_pieces_is_read_to_its_end(pieces: tuple[bytes, ...]) -> None:
    with answering(*pieces) as port, Clients(port) as clients:
        assert len(clients.run([[Request(path="/", method="POST", body="{}", status=201)]]).seconds) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", "500 No"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "hung up"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "without a length"),
    ],
)
def test_a_load_that_is_answered_wrongly_means_nothing(answer: bytes, said: str) -> None:
    with answering(answer) as port, Clients(port) as clients, pytest.raises(WrongAnswer, match=said):
        clients.run([[Request(path="/")]])


def test_the_table_keeps_its_columns() -> None:
    lines = render(
        [ratio("a long name of a load", 1.5, least=1, stretch=2, note="x"), ratio("b", 2, least=1, stretch=2)]
    )
    head, first, second = lines.splitlines()
    assert head.index("result") == first.index("1.50 ×") == second.index("2.00 ×")


def test_an_unknown_load_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        __main__.main(["weather"])
    assert "there is no weather" in capsys.readouterr().err
