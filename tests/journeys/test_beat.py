"""A real beat whose database is away: it waits, goes on when PostgreSQL is there, and can be told to stop meanwhile."""

import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django_celery_beat.models import PeriodicTask

from local.tour.stage import await_
from tests.journeys.processes import Running
from tests.session import Database

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(120)]

PIECE = 1 << 16
WAITS = "beat.database_down"


class Door(socketserver.ThreadingTCPServer):
    """A port that refuses everybody until it is opened, and leads to PostgreSQL then."""

    daemon_threads = True

    def __init__(self, database_url: str) -> None:
        super().__init__(("127.0.0.1", 0), Guest, bind_and_activate=False)
        there = urlsplit(database_url)
        self.leads_to = (str(there.hostname), int(there.port or 5432))
        self.server_bind()
        self.url = there._replace(
            netloc=f"{there.netloc.rpartition('@')[0]}@127.0.0.1:{self.server_address[1]}"
        ).geturl()

    @contextmanager
    def opened(self) -> Iterator[None]:
        self.server_activate()
        Thread(target=self.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            self.shutdown()


class Guest(socketserver.BaseRequestHandler):
    """One connection through the door."""

    server: Door

    def handle(self) -> None:
        with socket.create_connection(self.server.leads_to) as there:
            answers = Thread(target=carry, args=(there, self.request), daemon=True)
            answers.start()
            carry(self.request, there)
            answers.join()


def carry(source: socket.socket, target: socket.socket) -> None:
    while piece := source.recv(PIECE):
        target.sendall(piece)
    target.shutdown(socket.SHUT_WR)


@pytest.fixture
def door(house: Running, committed: Database) -> Iterator[Door]:
    """The house's way to its database, closed."""
    with Door(committed.environment["DATABASE_URL"]) as made:
        house.environment["DATABASE_URL"] = made.url
        yield made


def test_a_beat_whose_database_is_away_at_its_start_waits_and_then_does_its_work(house: Running, door: Door) -> None:
    beat = house.start_beat()
    await_(lambda: beat.log.read_text().count(WAITS) >= 2, "it has tried twice", seconds=60)
    assert beat.process.poll() is None
    assert "Sending due task" not in beat.log.read_text()

    with door.opened():
        await_(lambda: "Sending due task sweep the queues" in beat.log.read_text(), "it looks for work", seconds=30)
        written = set(PeriodicTask.objects.values_list("name", flat=True))
        assert written >= set(settings.CELERY_BEAT_SCHEDULE)


def test_a_beat_that_waits_for_its_database_stops_when_it_is_told_to(house: Running, door: Door) -> None:
    beat = house.start_beat()
    await_(lambda: WAITS in beat.log.read_text(), "it waits", seconds=60)
    beat.process.terminate()
    assert beat.process.wait(timeout=20) == 0
