"""Ruff and mypy are set as strict as the house wants them, and each setting is seen to fail."""

import json
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house import ROOT, command, tool

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BANNED = PYPROJECT["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]


def complaints(snippet: str, place: str = "billing/services.py") -> list[tuple[str, str]]:
    """This function will return ruff's (code, message) for a snippet, as if it stood at that place."""
    arguments = ("check", "--no-cache", "--output-format", "json", "--stdin-filename", place, "-")
    outcome = command(tool("ruff"), *arguments, stdin=snippet)
    return [(found["code"], found["message"]) for found in json.loads(outcome.stdout)]


@pytest.mark.parametrize("name", BANNED)
def test_a_banned_call_is_refused(name: str) -> None:
    parent, _, last = name.rpartition(".")
    used = complaints(f"from {parent} import {last} as it\n\nit\n" if parent else f"import {name} as it\n\nit\n")
    assert any(code == "TID251" and f"`{name}`" in message for code, message in used)


@pytest.mark.parametrize(
    ("snippet", "name"),
    [
        ("import datetime\n\nat = datetime.datetime.now(datetime.UTC)\n", "datetime.datetime.now"),
        ("import datetime as dt\n\nread = dt.datetime.now\n", "datetime.datetime.now"),
        ("from datetime import datetime as d\n\nat = d.utcnow()\n", "datetime.datetime.utcnow"),
        ("from django.utils import timezone\n\nat = timezone.now()\n", "django.utils.timezone.now"),
        ("import time\n\ntime.sleep(1)\n", "time.sleep"),
        ("from django.db import models\n\nmodels.signals.post_save.connect(print)\n", "django.db.models.signals"),
    ],
)
def test_a_ban_cannot_be_gone_around(snippet: str, name: str) -> None:
    assert any(code == "TID251" and f"`{name}" in message for code, message in complaints(snippet))


def test_only_the_clock_may_read_the_clock() -> None:
    snippet = "from datetime import UTC, datetime\n\nat = datetime.now(UTC)\n"
    assert complaints(snippet, "core/clock.py") == []
    assert [code for code, _ in complaints(snippet, "core/events.py")] == ["TID251"]


@pytest.mark.parametrize(
    ("code", "snippet"),
    [
        ("F401", "import json\n"),
        ("E501", f'text = "{"x" * 120}"\n'),
        ("I001", "import sys\nimport json\n\nprint(sys, json)\n"),
        ("B006", "def add(rows: list[int] = []) -> list[int]:\n    return rows\n"),
        ("S608", 'def find(name: str) -> str:\n    return f"SELECT * FROM plan WHERE name = {name}"\n'),
        ("DTZ001", "from datetime import datetime\n\nat = datetime(2025, 1, 1)\n"),
        ("T201", "print(1)\n"),
        ("BLE001", "try:\n    pass\nexcept Exception:\n    pass\n"),
        ("FIX002", f"x = 1  # {'TO' + 'DO'}: more\n"),
        ("PGH003", "x: int = 1  # type: ignore\n"),
        ("C901", "def f(x: int) -> None:\n" + "".join(f"    if x == {n}:\n        f({n})\n" for n in range(12))),
    ],
)
def test_ruff_notices_an_offense(code: str, snippet: str) -> None:
    assert code in {found for found, _ in complaints(snippet)}


def test_mypy_is_strict(tmp_path: Path) -> None:
    settings = {k: v for k, v in PYPROJECT["tool"]["mypy"].items() if k not in {"plugins", "files", "overrides"}}
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    (tmp_path / "pyproject.toml").write_text("\n".join(["[tool.mypy]", *lines]), encoding="utf-8")
    (tmp_path / "loose.py").write_text(
        "def double(x):\n    return x * 2\n\n\ndef name() -> str:\n    return 1\n\n\nrows: list = []\n",
        encoding="utf-8",
    )
    outcome = command(sys.executable, "-m", "mypy", "--cache-dir", os.devnull, "loose.py", cwd=tmp_path)
    assert set(re.findall(r"\[([a-z-]+)\]$", outcome.stdout, re.MULTILINE)) == {
        "no-untyped-def",
        "return-value",
        "type-arg",
    }, outcome.stdout + outcome.stderr
