"""The proxy treats a wire as it is told: a server that echoes is behind it, a client in front."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import Queue
from threading import Thread

import pytest

from proof.harness.proxy import Wires

PATIENCE_S = 0.3


class Echo:
    """Gives back what it gets, and says what that was."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.heard: Queue[bytes] = Queue()
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                Thread(target=self._serve, args=[self.listening.accept()[0]], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while piece := connection.recv(1024):
                self.heard.put(piece)
                connection.sendall(piece)


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.listening.close()


@pytest.fixture
def wires(echo: Echo) -> Wires:
    made = Wires({"echo": echo.listening.getsockname()})
    Thread(target=made.serve, daemon=True).start()
    return made


@pytest.fixture
def client(wires: Wires) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", wires.ports["echo"]), timeout=PATIENCE_S) as made:
        assert ask(made, b"hello") == b"hello"
        yield made


def ask(client: socket.socket, said: bytes) -> bytes:
    client.sendall(said)
    return client.recv(1024)


def test_a_wire_is_slow(wires: Wires, client: socket.socket) -> None:
    wires.treat("echo", "delay", 60)
    began = time.monotonic()
    assert ask(client, b"slowly") == b"slowly"
    assert time.monotonic() - began >= 0.12


def test_a_wire_is_cut(wires: Wires, client: socket.socket) -> None:
    wires.treat("echo", "cut")
    with pytest.raises(ConnectionError):
        ask(client, b"lost")
        ask(client, b"lost")
    with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.1", wires.ports["echo"])) as other:
        if not other.recv(1):
            raise ConnectionError
    wires.treat("echo", "pass")
    with socket.create_connection(("127.0.0.1", wires.ports["echo"]), timeout=5) as other:
        assert ask(other, b"again") == b"again"


def test_a_wire_holds_everything_back(wires: Wires, client: socket.socket, echo: Echo) -> None:
    echo.heard.get()
    wires.treat("echo", "hold")
    with pytest.raises(TimeoutError):
        ask(client, b"kept")
    assert echo.heard.empty()
    wires.treat("echo", "pass")
    assert client.recv(1024) == b"kept"


def test_a_wire_holds_answers_back(wires: Wires, client: socket.socket, echo: Echo) -> None:
    echo.heard.get()
    wires.treat("echo", "half")
    with pytest.raises(TimeoutError):
        ask(client, b"done, but nobody knows")
    assert echo.heard.get(timeout=5) == b"done, but nobody knows"
    wires.treat("echo", "pass")
    assert client.recv(1024) == b"done, but nobody knows"


def test_an_unknown_treatment_is_refused(wires: Wires) -> None:
    with pytest.raises(RuntimeError, match="burn"):
        wires.treat("echo", "burn")
