"""The runner with a house of a few lines: order, ends, deaths, signals."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from local import process
from local.engines import postgres, state
from tests.house import ROOT

SERVING = "Serving on"


def command(home: Path, port: int, mode: str, trouble: str) -> list[str]:
    return [sys.executable, "-m", "tests.local.fake_house", str(home), str(port), mode, trouble]


def finish(home: Path, mode: str = "demo", trouble: str = "none", port: int | None = None) -> tuple[int, list[str]]:
    done = subprocess.run(
        command(home, port or process.free_port(), mode, trouble),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=90,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@contextmanager
def serving(home: Path, trouble: str = "none") -> Iterator["subprocess.Popen[str]"]:
    run = subprocess.Popen(
        command(home, process.free_port(), "run", trouble),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.stdout is not None
    read: list[str] = []
    try:
        for line in run.stdout:
            read.append(line)
            if line.startswith(SERVING):
                break
        else:
            pytest.fail("".join(read))
        yield run
    finally:
        if run.poll() is None:
            run.kill()
        run.stdout.close()
        run.wait()


def told(home: Path) -> list[str]:
    return (home / "told.txt").read_text().splitlines()


def processes(home: Path) -> dict[str, int]:
    """The processes that came as far as telling their number."""
    words = [line.split() for line in told(home)]
    return {name: int(rest[0]) for name, *rest in words if len(rest) == 1 and rest[0].isdigit()}


def nothing_runs(home: Path) -> bool:
    record = state.load(home).postgres
    alive = [name for name, pid in processes(home).items() if process.command_of(pid)]
    return not alive and not (record and postgres.answers(record))


def test_a_test_session_leaves_room_for_a_run() -> None:
    assert (ROOT / ".local" / state.MARKER).exists()


@pytest.fixture(scope="module")
def demo(common_home: Path) -> tuple[int, list[str]]:
    """How a demo ended, and what it said; its home is there to look at."""
    return finish(common_home)


def test_a_demo_does_everything_in_order_and_leaves_nothing(demo: tuple[int, list[str]], common_home: Path) -> None:
    (status, lines), home = demo, common_home
    assert status == 0
    assert lines[-1] == "2 passed, 0 failed"
    assert [line.split(" ")[0] for line in told(home)[:2]] == ["migrate", "load"]
    assert told(home)[:2] == ["migrate as perennial_owner", "load as perennial_app"]
    assert nothing_runs(home)


def test_a_step_is_one_line_with_its_brackets(demo: tuple[int, list[str]]) -> None:
    _, lines = demo
    steps = [line for line in lines if "a step" in line]
    assert len(steps) == 1
    assert steps[0].endswith("first=True key=sk_1 [in brackets]")


def test_the_tour_is_told_both_keys_and_how_to_reach_the_database(demo: tuple[int, list[str]]) -> None:
    _, lines = demo
    assert any(line.endswith("pk_1 perennial_app") for line in lines if "another" in line)


def test_a_wrong_step_fails_the_demo(home: Path) -> None:
    status, lines = finish(home, trouble="tour_fails")
    assert status == 1
    assert lines[-1] == "1 passed, 1 failed"
    assert nothing_runs(home)


def test_a_failing_migration_is_reported_with_its_last_words(home: Path) -> None:
    status, lines = finish(home, trouble="migrate_fails")
    assert status == 1
    assert "migrate failed (exit status 1)" in "\n".join(lines)
    assert lines[-1].strip() == "the last words of migrate"
    record = state.load(home).postgres
    assert record is not None
    assert not postgres.answers(record)


def test_a_child_that_dies_ends_the_run_with_its_last_words(home: Path) -> None:
    status, lines = finish(home, mode="run", trouble="beat_dies")
    assert status == 1
    assert any(line.startswith("beat ended by itself (exit status 1)") for line in lines)
    assert lines[-1].strip() == "the last words of beat"
    assert nothing_runs(home)


def test_a_child_killed_while_serving_ends_the_run(home: Path) -> None:
    with serving(home) as run:
        os.kill(processes(home)["web"], signal.SIGKILL)
        assert run.stdout is not None
        rest = run.stdout.read()
        assert run.wait(60) == 1
    assert "web ended by itself (signal SIGKILL)" in rest
    assert nothing_runs(home)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_serving_in_order(home: Path, number: signal.Signals) -> None:
    with serving(home) as run:
        run.send_signal(number)
        assert run.wait(60) == 0
    assert told(home)[-1] == "worker finished its work"
    assert nothing_runs(home)


def test_a_second_signal_does_not_wait_for_the_stubborn(home: Path) -> None:
    with serving(home, "stubborn") as run:
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        assert process.wait_until(lambda: told(home)[-1] == "worker will not", 20)
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 0
        assert time.monotonic() - began < 25
    assert nothing_runs(home)


def test_a_killed_runner_leaves_nothing_running(home: Path) -> None:
    with serving(home) as run:
        run.kill()
        run.wait()
        assert process.wait_until(lambda: nothing_runs(home), 60)


def test_a_later_run_keeps_data_secrets_and_what_was_told_once(home: Path) -> None:
    with serving(home) as run:
        run.terminate()
        run.wait(60)
    secrets = (home / "env").read_text()
    status, lines = finish(home)
    assert status == 0
    assert any("first=False key=sk_1" in line for line in lines)
    assert (home / "env").read_text() == secrets


def test_a_run_that_showed_nothing_right_shows_it_again(home: Path) -> None:
    finish(home, trouble="tour_fails")
    _, lines = finish(home)
    assert any("first=True" in line for line in lines)


def test_secrets_are_for_their_owner_only(demo: tuple[int, list[str]], common_home: Path) -> None:
    for name in ("env", "company.json", "engines.json"):
        assert stat.S_IMODE((common_home / name).stat().st_mode) == 0o600


def test_a_taken_port_is_refused_before_anything_starts(home: Path) -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        port: int = taker.getsockname()[1]
        status, lines = finish(home, port=port)
    assert status == 2
    assert lines[-1].startswith(f"Port {port} is taken.")
    assert not (home / "engines.json").exists()


def test_two_runs_in_one_home_do_not_meet(home: Path) -> None:
    with serving(home) as run:
        status, lines = finish(home)
        assert status == 2
        assert "already runs" in lines[-1]
        record = state.load(home).postgres
        assert record is not None
        with psycopg.connect(postgres.admin_url(record)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        run.terminate()
        assert run.wait(60) == 0
    assert nothing_runs(home)
