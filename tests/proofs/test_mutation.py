"""Breaking code on purpose: what is changed, and that what tests notice is told from what they do not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proof.mutation import sites
from proof.mutation.areas import AREAS
from tests.house import ROOT

MODULE = '''
def larger(one: int, other: int) -> int:
    """Docstrings stay."""
    if one > other:
        return one
    return other


def counted(items: list[int]) -> int:
    return len(items) + 1


def unheard(flag: bool) -> bool:
    return not flag
'''
TESTS = """
from ours import counted, larger


def test_the_larger_one():
    assert (larger(1, 2), larger(2, 1), larger(3, 3)) == (2, 2, 3)


def test_nothing_is_asserted():
    counted([1])
"""


@pytest.mark.parametrize(
    ("statement", "becomes"),
    [
        ("return a < b", ["return None", "return a <= b"]),
        ("return a == b and c", ["return None", "return a == b or c", "return a != b and c"]),
        ("return -a * 2", ["return None", "return -a + 2", "return +a * 2", "return -a * 3"]),
        ("a = not b", ["a = not not b"]),
        ("a = b if c else True", ["a = b if not c else True", "a = b if c else False"]),
        ("if a:\n        b()", ["if not a:\n    b()", "None"]),
        ("save(a)", ["None"]),
        ("log.info('said', n=1)", []),
        ("if __debug__:\n        failpoints.reach('one')", []),
        ("raise ValueError('no', 1)", []),
        ("a: 'int' = f'{b + 1}'", []),
    ],
)
def test_what_a_statement_can_become(statement, becomes):
    source = f"def one(a, b, c):\n    {statement}\n"
    found = [sites.mutant(source, "one.py", number).becomes for number in range(sites.count(source))]
    assert found == becomes


def test_what_stands_outside_functions_stays():
    assert sites.count("A = 1 + 2\n\n\nclass B:\n    c = not A\n") == 0


@pytest.fixture
def found(tmp_path: Path) -> list[dict[str, Any]]:
    (tmp_path / "ours.py").write_text(MODULE)
    (tmp_path / "test_ours.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    out = tmp_path / "out.json"
    asked = {"paths": [str(tmp_path / "ours.py")], "sample": 100, "seed": 1, "out": str(out)}
    known = {**os.environ, "MUTATION": json.dumps(asked), "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    known["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "proof.mutation.plugin",
        "-p",
        "no:cacheprovider",
        str(tmp_path),
    ]
    done = subprocess.run(words, cwd=tmp_path, env=known, capture_output=True, text=True, check=False, timeout=60)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    changes: list[dict[str, Any]] = json.loads(out.read_text())
    return changes


@pytest.mark.slow
def test_what_is_noticed_is_told_from_what_is_not(found):
    by_outcome: dict[str, set[str]] = {}
    for one in found:
        by_outcome.setdefault(one["outcome"], set()).add(one["becomes"])
    assert by_outcome["killed"] == {"return None"}
    assert by_outcome["survived"] >= {"return len(items) - 1", "return len(items) + 2"}
    assert by_outcome["nobody runs it"] == {"return None", "return not not flag"}


def test_every_area_has_code_and_tests():
    assert [area.name for area in AREAS] == ["money", "idempotency", "outbox", "audit", "auth"]
    for area in AREAS:
        assert len(area.paths) > 1
        assert all((ROOT / path).exists() for path in (*area.paths, *area.tests))
