"""A plugin of pytest: what the tests of a session find when the code they run is broken, place by place.

The tests run once as they are, and it is noted which test runs which line. Then, for each chosen place, a fork of the
process puts the changed code into the functions that are loaded and runs the tests that have run the line, the
quickest first, until one fails. `MUTATION` is a JSON object: `paths` (modules), `sample` (how many places), `seed`,
`out` (a file for what was found).
"""

import gc
import json
import os
import random
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import _lru_cache_wrapper
from pathlib import Path
from types import FunctionType
from typing import Any, Final

import coverage
import pytest
from _pytest.runner import runtestprotocol
from django.db import connections

from proof.mutation import sites

MOST_TESTS: Final = 60
LONGEST_S: Final = 30.0
SURVIVED, KILLED = 0, 1


class Session:
    """One session's tests, what each of them took and which lines it has run."""

    def __init__(self, paths: Sequence[str], *, sample: int, seed: int, out: Path) -> None:
        self.paths = [Path(path).resolve() for path in paths]
        self.sample, self.seed, self.out = sample, seed, out
        self.coverage = coverage.Coverage(data_file=None, config_file=False, include=[str(path) for path in self.paths])
        self.took: dict[str, float] = {}
        self.failed: set[str] = set()
        self.items: dict[str, pytest.Item] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """This function will run the tests, and then each chosen place's, before the session's fixtures go."""
        items = session.items
        self.items = {item.nodeid: item for item in items}
        gc.unfreeze()
        self.coverage.start()
        for number, item in enumerate(items):
            self.coverage.switch_context(item.nodeid)
            started = time.perf_counter()
            following = items[min(number + 1, len(items) - 1)]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self.took[item.nodeid] = time.perf_counter() - started
        self.coverage.stop()
        self.out.write_text(json.dumps(list(self._tried())), encoding="utf-8")
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """This function will remember the tests that fail anyhow: they show nothing."""
        if report.failed:
            self.failed.add(report.nodeid)

    def _tried(self) -> Iterator[dict[str, Any]]:
        functions, caches = _loaded(self.paths), _caches()
        lines = {path: self._tests_by_line(path) for path in self.paths}
        for path, number in self._chosen():
            found = sites.mutant(path.read_text(encoding="utf-8"), str(path), number)
            tests = self._in_order(lines[path].get(found.line, ()), path)
            outcome = self._outcome(found, functions[path], caches, tests) if tests else "nobody runs it"
            yield {
                "path": os.path.relpath(path), "line": found.line, "was": found.was, "becomes": found.becomes,
                "outcome": outcome, "tests": len(tests),
            }  # fmt: skip

    def _chosen(self) -> list[tuple[Path, int]]:
        every = [(path, number) for path in self.paths for number in range(sites.count(path.read_text("utf-8")))]
        return sorted(random.Random(self.seed).sample(every, min(self.sample, len(every))))

    def _tests_by_line(self, path: Path) -> dict[int, list[str]]:
        return self.coverage.get_data().contexts_by_lineno(str(path))

    def _in_order(self, tests: Sequence[str], path: Path) -> list[str]:
        room = os.path.relpath(path).partition("/")[0]
        usable = [test for test in tests if test in self.items and test not in self.failed]
        return sorted(usable, key=lambda test: (not test.startswith(room), self.took[test]))[:MOST_TESTS]

    def _outcome(self, found: sites.Mutant, functions: Sequence[FunctionType], caches: Any, tests: list[str]) -> str:
        child = os.fork()
        if child == 0:
            _put_in(found, functions, caches)
            self._run([self.items[test] for test in tests])
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            return "killed"
        return "survived" if os.waitstatus_to_exitcode(status) == SURVIVED else "killed"

    def _run(self, items: Sequence[pytest.Item]) -> None:
        """Never returns: what a test's fixtures still hold is not given back here."""
        for handle in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), handle)
        watch = threading.Timer(LONGEST_S, os._exit, [KILLED])
        watch.daemon = True
        watch.start()
        code = KILLED
        try:
            items[0].session._setupstate.teardown_exact(items[0])
            for number, item in enumerate(items):
                following = items[min(number + 1, len(items) - 1)]
                if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
                    os._exit(KILLED)
            code = SURVIVED
        finally:
            os._exit(code)


def _loaded(paths: Sequence[Path]) -> dict[Path, list[FunctionType]]:
    by_path: dict[Path, list[FunctionType]] = defaultdict(list)
    wanted = {str(path): path for path in paths}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and (path := wanted.get(one.__code__.co_filename)):
            by_path[path].append(one)
    return by_path


def _caches() -> list[Any]:
    return [one for one in gc.get_objects() if isinstance(one, _lru_cache_wrapper)]


def _put_in(found: sites.Mutant, functions: Sequence[FunctionType], caches: Sequence[Any]) -> None:
    """In the child: other code, nothing remembered, and no connection of the parent's."""
    codes = sites.functions_of(found.code)
    for function in functions:
        code = codes.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None and len(code.co_freevars) == len(function.__code__.co_freevars):
            function.__code__ = code
    for cache in caches:
        if str(getattr(cache, "__module__", "")).partition(".")[0] not in ("re", "functools", "typing"):
            cache.cache_clear()
    for connection in connections.all():
        _kept.append(connection.connection)
        connection.connection = None
    signal.alarm(0)


# The parent's connections, which must not be closed here: the server would take it for the parent's farewell.
_kept: list[Any] = []


def pytest_configure(config: pytest.Config) -> None:
    """This function will take the session over."""
    asked = json.loads(os.environ["MUTATION"])
    config.pluginmanager.register(
        Session(asked["paths"], sample=asked["sample"], seed=asked["seed"], out=Path(asked["out"])), "mutation"
    )
