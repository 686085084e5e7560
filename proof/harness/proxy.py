"""A wire that can be bad: a TCP proxy in a process of its own, told over a control socket how to treat its traffic.

Each way (`postgres`, `redis`, `receiver` …) listens on a loopback port and leads to an address. Modes: `pass`; `delay`
every piece by some milliseconds; `cut` what is open and refuse what is new; `hold` everything back, as a black hole
does, until the mode changes; `half`, which lets requests through and holds the answers back.
"""

import asyncio
import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

PIECE: Final = 1 << 16
MODES: Final = ("pass", "delay", "cut", "hold", "half")


@dataclass(kw_only=True)
class Way:
    """One wire: where it leads, how it is treated, and what is open on it."""

    target: tuple[str, int]
    mode: str = "pass"
    ms: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def treat(self, mode: str, ms: int) -> None:
        """This function will treat the wire so from now on, what is open included."""
        if mode not in MODES:
            raise ValueError(f"a wire can {', '.join(MODES)}, not {mode}")
        self.mode, self.ms = mode, ms
        self.changed.set()
        self.changed = asyncio.Event()
        if mode == "cut":
            for writer in self.open:
                writer.transport.abort()

    async def allow(self, *, is_answer: bool) -> None:
        """This function will return when a piece may go on."""
        while self.mode == "hold" or (self.mode == "half" and is_answer):
            await self.changed.wait()
        if self.mode == "delay":
            await asyncio.sleep(self.ms / 1000)


async def _carry(way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
    with suppress(ConnectionError, asyncio.CancelledError):
        while piece := await reader.read(PIECE):
            await way.allow(is_answer=is_answer)
            writer.write(piece)
            await writer.drain()
    with suppress(ConnectionError, RuntimeError):
        writer.close()


async def _join(way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if way.mode == "cut":
        writer.transport.abort()
        return
    try:
        there, back = await asyncio.open_connection(*way.target)
    except OSError:
        writer.transport.abort()
        return
    ends = {writer, back}
    way.open |= ends
    both = (_carry(way, reader, back, is_answer=False), _carry(way, there, writer, is_answer=True))
    await asyncio.gather(*both)
    way.open -= ends


async def _obey(ways: Mapping[str, Way], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        told = json.loads(line)
        ways[told["way"]].treat(told["mode"], told["ms"])
        writer.write(b"done\n")
        await writer.drain()
    writer.close()


async def _serve(ways: Mapping[str, Way], sockets: Mapping[str, socket.socket], control: socket.socket) -> None:
    for name, way in ways.items():
        await asyncio.start_server(lambda r, w, way=way: _join(way, r, w), sock=sockets[name])  # type: ignore[misc]
    server = await asyncio.start_server(lambda r, w: _obey(ways, r, w), sock=control)
    await server.serve_forever()


class Wires:
    """The proofs' end: the ports that lead somewhere, and the control socket. Made before the proxy's process is."""

    def __init__(self, targets: Mapping[str, tuple[str, int]]) -> None:
        self._targets = dict(targets)
        self._sockets = {name: _listening() for name in targets}
        self._control = _listening()
        self.ports: dict[str, int] = {name: one.getsockname()[1] for name, one in self._sockets.items()}
        self._line: Any = None

    def serve(self) -> None:
        """This function will carry everything until the process is killed; it is what the proxy's process does."""
        ways = {name: Way(target=target) for name, target in self._targets.items()}
        asyncio.run(_serve(ways, self._sockets, self._control))

    def treat(self, way: str, mode: str, ms: int = 0) -> None:
        """This function will have a wire treated so, and return when it is."""
        if self._line is None:
            self._line = socket.create_connection(self._control.getsockname()).makefile("rw", encoding="utf-8")
        self._line.write(json.dumps({"way": way, "mode": mode, "ms": ms}) + "\n")
        self._line.flush()
        if self._line.readline() != "done\n":
            raise RuntimeError(f"the proxy did not understand {mode}")


def _listening() -> socket.socket:
    made = socket.create_server(("127.0.0.1", 0))
    made.setblocking(False)
    return made
