"""PostgreSQL refuses root. Every way around that is really run here, by whoever runs the tests."""

import os
import pwd
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from local import engines
from local.engines import root, state
from local.refusals import CannotRun

IS_ROOT = os.geteuid() == 0


def owner_of(home: Path) -> int:
    record = state.load(home).postgres
    assert record is not None
    return record.data.stat().st_uid


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def as_account(account: pwd.struct_passwd, work: Callable[[], None]) -> int:
    """Do some work as another account, in a child that has everything imported: its files may be closed to it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        work()
    except BaseException:  # noqa: BLE001 - the child must not return into pytest
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@pytest.mark.usefixtures("open_programs")
@pytest.mark.parametrize("name", [way.name for way in root.ways()])
def test_each_way_starts_restarts_and_cleans_up(home: Path, name: str) -> None:
    for _ in range(2):
        started = engines.start(home, way=name)
        assert started.started_postgres
        assert answers(started.database_url)
        started.stop()
    record = state.load(home).postgres
    assert record is not None
    assert record.way == name
    engines.remove(home)
    assert not Path(record.place).exists()


@pytest.mark.usefixtures("open_programs")
def test_the_ways_are_tried_in_order(home: Path) -> None:
    started = engines.start(home)
    record = state.load(home).postgres
    assert record is not None
    assert record.way == root.ways()[0].name
    started.stop()


def test_a_way_that_is_not_open_is_refused_in_words(home: Path) -> None:
    with pytest.raises(CannotRun, match="not open to this user"):
        engines.start(home, way="levitation")


def test_servers_hear_nothing_of_another_servers_variables() -> None:
    given = {"PGHOST": "elsewhere", "PGDATA": "/x", "LC_ALL": "C", "LC_TIME": "de_DE", "PATH": "/bin"}
    assert root.environment(given) == {"PATH": "/bin", "LC_ALL": root.locale(), "LANG": root.locale()}


if IS_ROOT:

    def test_root_in_a_closed_home_of_another_user_goes_to_a_folder_of_its_own(open_folder: Path) -> None:
        closed = open_folder / "closed"
        closed.mkdir(mode=0o700)
        shutil.chown(closed, "daemon")
        started = engines.start(closed / "home")
        record = state.load(closed / "home").postgres
        assert record is not None
        assert record.way == root.STAGED
        assert Path(record.place).parent == root.STAGING
        assert answers(started.database_url)
        assert closed.stat().st_mode & 0o777 == 0o700
        started.stop()

    @pytest.mark.usefixtures("open_programs")
    def test_root_in_a_closed_home_of_its_own_needs_no_other_folder(open_folder: Path) -> None:
        closed = open_folder / "closed"
        closed.mkdir(mode=0o700)
        started = engines.start(closed / "home")
        record = state.load(closed / "home").postgres
        assert record is not None
        expected = closed / "home" if root.ways()[0].name == root.NAMESPACE else root.STAGING
        assert str(record.place).startswith(str(expected))
        started.stop()

    @pytest.mark.usefixtures("open_programs")
    def test_an_ordinary_user_just_runs_it(open_folder: Path) -> None:
        account = pwd.getpwnam("nobody")
        place = open_folder / "theirs"
        place.mkdir(mode=0o700)
        shutil.chown(place, account.pw_uid, account.pw_gid)

        def work() -> None:
            started = engines.start(place / "home")
            record = state.load(place / "home").postgres
            assert record is not None
            assert record.way == root.SELF
            assert answers(started.database_url)
            started.stop()

        assert as_account(account, work) == 0
        assert owner_of(place / "home") == account.pw_uid
