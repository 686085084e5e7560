"""A RabbitMQ node of this test session's own, on loopback only; nothing of the machine's is touched."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL

from kombu import Connection

from local import process

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
READY_SECONDS = 90.0
MISSING = "RabbitMQ is not installed: apt-get install rabbitmq-server"


def server() -> str | None:
    """Return the server's program: Debian's own script, whose wrapper insists on an account of its own."""
    return str(SERVER) if SERVER.exists() else shutil.which("rabbitmq-server")


@contextmanager
def node(folder: Path, program: str) -> Iterator[str]:
    """Run a node in the block; this function will yield the address of its broker."""
    port = process.free_port()
    variables = _variables(folder, port)
    with (folder / "rabbitmq.log").open("wb") as log:
        running = subprocess.Popen(
            [program], env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        address = f"amqp://guest:guest@127.0.0.1:{port}//"
        _await(address, running, folder / "rabbitmq.log")
        yield address
    finally:
        # Nothing in it is to be kept, so it need not be asked.
        with suppress(ProcessLookupError):
            os.killpg(running.pid, SIGKILL)
        running.wait()
        epmd = [shutil.which("epmd") or "epmd", "-port", variables["ERL_EPMD_PORT"], "-kill"]
        subprocess.run(epmd, env=variables, capture_output=True, check=False)


def _variables(folder: Path, port: int) -> Mapping[str, str]:
    (folder / "plugins").write_text("[].\n")
    return os.environ | {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(process.free_port()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        # So that it may be ended while it still believes that the node lives.
        "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(process.free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }


def _await(address: str, running: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while not _answers(address):
        if running.poll() is not None or time.monotonic() > until:
            raise AssertionError(f"RabbitMQ does not answer:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(process.POLL_SECONDS)


def _answers(address: str) -> bool:
    try:
        with Connection(address, connect_timeout=1) as broker:
            broker.connect()
            return True
    except OSError:
        return False
