"""PostgreSQL is stopped at once and started again, time after time under load: what was acknowledged is there."""

import os
import signal
import subprocess
from pathlib import Path

from local import process
from local.engines import databases, postgres, root
from local.engines.state import PostgresRecord
from proof.harness import ledger, verdict
from proof.harness.births import Nursery
from proof.harness.crew import until
from proof.harness.house import Programs, running
from proof.harness.load import Load, Shop
from proof.harness.outside import Outside
from proof.harness.progress import Progress
from proof.harness.results import Result
from proof.harness.settling import work_off
from proof.harness.shops import open_shop
from proof.sabotages import VARIABLE

CLIENTS = 4
# The control: commits that do not wait for the disk, and a disk that is written to as late as the server allows.
FORGETFUL = "synchronous_commit = off\nwal_writer_delay = '10s'\nwal_writer_flush_after = '1GB'\n"


class Server:
    """A cluster of the proof's own with a copy of its database; it is stopped without mercy and started again."""

    def __init__(self, folder: Path, source_url: str, *, forgetful: bool) -> None:
        self.folder = folder / "postgres"
        self.record: PostgresRecord | None = None
        self.folder.mkdir()
        self._ensure()
        if forgetful:
            with (self._there.data / "postgresql.conf").open("a", encoding="utf-8") as file:
                file.write(FORGETFUL)
            self.crash()
            self._ensure()
        self.urls = databases.provision(postgres.admin_url(self._there), "perennial")
        self._copy(source_url)

    @property
    def _there(self) -> PostgresRecord:
        if self.record is None:
            raise RuntimeError("the server was never started")
        return self.record

    def crash(self) -> None:
        """This function will stop it as `pg_ctl stop -m immediate` does, and return once it is gone."""
        [pid, *_] = postgres._pid_file(self._there)
        os.kill(pid, signal.SIGQUIT)
        if not process.wait_until(lambda: not process.is_running(pid, str(self._there.data)), 30):
            raise RuntimeError("PostgreSQL does not stop")

    def start(self) -> None:
        """This function will start it, and return once it has recovered and answers."""
        self._ensure()

    def stop(self) -> None:
        """This function will end it for good."""
        if self.record:
            postgres.stop(self.record)

    def _ensure(self) -> None:
        self.record, _ = postgres.ensure(self.folder, self.record, durable=True, way=None, keep=self._keep)

    def _keep(self, record: PostgresRecord) -> None:
        self.record = record

    def _copy(self, source_url: str) -> None:
        programs = Path(self._there.bin)
        dump = subprocess.Popen([str(programs / "pg_dump"), source_url], stdout=subprocess.PIPE, env=_clean())
        words = [str(programs / "psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, self.urls.admin or ""]
        subprocess.run(words, stdin=dump.stdout, check=True, env=_clean())
        if dump.wait():
            raise RuntimeError("the database could not be copied")


def _clean() -> dict[str, str]:
    return root.environment(os.environ)


def run(
    nursery: Nursery, outside: Outside, result: Result, *, restarts: int, writes: int, clients: int = CLIENTS,
    rest_s: float = 0.0,
) -> None:  # fmt: skip
    """This function will run the house on a server that crashes again and again, `writes` acknowledged ones apart."""
    shop = nursery.ask(open_shop)
    forgetful = os.environ.get(VARIABLE) == "durability"
    server = Server(nursery.folder, outside.url, forgetful=forgetful)
    environment = {"DATABASE_URL": server.urls.app, "DATABASE_OWNER_URL": server.urls.owner}
    try:
        with running(nursery.folder, environment) as programs:
            buyers = Shop(url=programs.url, **shop)
            load = Load(nursery.folder, buyers, clients=clients, seed=result.seed, rest_s=rest_s)
            child = nursery.fork("load", load.run)
            _crash_again_and_again(server, load, programs, restarts=restarts, writes=writes)
            load.stop()
            result.expect("the load's end", child.wait(), 0)
            there = Outside(server.urls.admin or "")
            work_off(there, every=lambda: _help(there, programs), patience_s=300)
        acks = load.read()
        result.counted = {"restarts": restarts, "acknowledged writes": len(acks)}
        result.counted["failed tries"] = sum(len(ack.failures) for ack in acks)
        result.expect("times the web server died", programs.restarts.get("web", 0), 0)
        result.expect("work left over", there.unfinished(), 0)
        ledger.compare(there, acks, result)
        there.close()
        result.broken += verdict.broken(nursery.on(server.urls.app))
    finally:
        server.stop()


def _crash_again_and_again(server: Server, load: Load, programs: Programs, *, restarts: int, writes: int) -> None:
    told = Progress()
    for number in range(restarts):
        _await(load, load.count() + writes, programs)
        server.crash()
        server.start()
        told.at(number / restarts, f"{number + 1} restarts, {load.count()} writes")
    _await(load, load.count() + writes, programs)


def _await(load: Load, wanted: int, programs: Programs) -> None:
    until(lambda: load.count() >= wanted, seconds=120, every=programs.revive, interval=0.05)


def _help(there: Outside, programs: Programs) -> None:
    """What was in hand when the server went is leased for a minute, and what failed waits by its policy."""
    there.skip_waits()
    programs.revive()
