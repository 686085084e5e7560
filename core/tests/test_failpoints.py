"""Points at which the house can fail: named once, next to free, gone under -O, refused in production."""

import ast
import dis
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, TypeGuard

import pytest
from django.db import OperationalError, connection, transaction

from core import clock, failpoints
from core.failpoints import POINTS, Reached
from tests.house import ROOT
from tests.test_architecture import sources
from tests.test_project_files import start

DIE = """
import sys
import django
django.setup()
from core import failpoints
for number in range(1, 4):
    print(number, flush=True)
    failpoints.reach("payments.answered")
"""


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm({})


def crossings() -> dict[Path, list[tuple[ast.Call, bool]]]:
    """Every call of `failpoints.reach` in the house, and whether `if __debug__:` guards it and nothing else."""
    found: dict[Path, list[tuple[ast.Call, bool]]] = {}
    for path in sources():
        tree = ast.parse(path.read_bytes())
        guarded = {id(call) for node in ast.walk(tree) if isinstance(node, ast.If) for call in guarded_by(node)}
        calls = [node for node in ast.walk(tree) if is_crossing(node)]
        if calls:
            found[path] = [(call, id(call) in guarded) for call in calls]
    return found


def is_crossing(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "failpoints.reach"


def guarded_by(node: ast.If) -> list[ast.AST]:
    if ast.unparse(node.test) != "__debug__":
        return []
    return [line.value for line in node.body if isinstance(line, ast.Expr) and is_crossing(line.value)]


def named_in(code: CodeType) -> set[str]:
    """Every name and text that the instructions of a compiled module use, its functions included."""
    found = {one.argval for one in dis.get_instructions(code) if isinstance(one.argval, str)}
    return found.union(*(named_in(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def test_every_point_is_crossed_in_one_place_by_its_name() -> None:
    crossed = Counter(ast.literal_eval(call.args[0]) for calls in crossings().values() for call, _ in calls)
    assert set(crossed) == set(POINTS)
    assert [name for name, times in crossed.items() if times > 1] == []


def test_every_crossing_is_guarded() -> None:
    assert [f"{path}:{call.lineno}" for path, calls in crossings().items() for call, ok in calls if not ok] == []


def test_optimized_code_crosses_no_point() -> None:
    for path in crossings():
        source = path.read_text(encoding="utf-8")
        plain, optimized = (named_in(compile(source, str(path), "exec", optimize=level)) for level in (0, 1))
        assert "reach" in plain
        assert plain & POINTS.keys()
        assert "reach" not in optimized
        assert not optimized & POINTS.keys()


def test_the_image_runs_optimized() -> None:
    assert "PYTHONOPTIMIZE=1" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_production_refuses_failpoints() -> None:
    outcome = start(FAILPOINTS='{"points": {"payments.answered": {"do": "kill"}}}')
    assert outcome.returncode != 0
    assert "FAILPOINTS is set" in outcome.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "told",
    [{"points": {"payments.weather": {"do": "kill"}}}, {"points": {"payments.answered": {"do": "rain"}}}],
)
def test_what_does_not_exist_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="failpoint"):
        failpoints.arm(told)


def test_an_unarmed_point_does_nothing_and_costs_next_to_nothing() -> None:
    began = clock.monotonic()
    for _ in range(10_000):
        failpoints.reach("payments.answered")
    assert clock.monotonic() - began < 0.5


def test_a_point_fails_at_the_crossing_it_was_told() -> None:
    failpoints.arm({"points": {"payments.answered": {"do": "raise", "at": 2}}})
    failpoints.reach("payments.answered")
    failpoints.reach("payments.applied")
    with pytest.raises(Reached, match=r"payments\.answered"):
        failpoints.reach("payments.answered")
    failpoints.reach("payments.answered")


def test_chance_repeats_with_its_seed() -> None:
    def thrown(seed: int) -> list[bool]:
        failpoints.arm({"seed": seed, "points": {"*": {"do": "raise", "chance": 0.5}}})
        return [fails("payments.answered") for _ in range(40)]

    assert thrown(7) == thrown(7) != thrown(8)
    assert 5 < sum(thrown(7)) < 35


def fails(name: str) -> bool:
    try:
        failpoints.reach(name)
    except Reached:
        return True
    return False


def test_a_point_waits() -> None:
    failpoints.arm({"points": {"payments.answered": {"do": "delay", "ms": 30}}})
    began = clock.monotonic()
    failpoints.reach("payments.answered")
    assert clock.monotonic() - began >= 0.03


def test_of_all_who_get_there_one_acts(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for expected in (True, False):
        failpoints.arm({"points": {"payments.answered": {"do": "raise", "once": str(mark)}}})
        assert fails("payments.answered") is expected
    assert mark.read_text() == f"payments.answered {os.getpid()}"


def test_a_process_dies_at_its_point() -> None:
    armed = '{"points": {"payments.answered": {"do": "kill", "at": 2}}}'
    variables = {**os.environ, "FAILPOINTS": armed, "DJANGO_SETTINGS_MODULE": "config.settings_test"}
    done = subprocess.run(
        [sys.executable, "-c", DIE], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, ["1", "2"]), done.stderr


def test_a_connection_is_lost_under_a_transaction(committed: Any) -> None:
    failpoints.arm({"points": {"payments.answered": {"do": "disconnect"}}})
    with pytest.raises(OperationalError), transaction.atomic():
        connection.ensure_connection()
        failpoints.reach("payments.answered")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
