"""A sabotage names something of the house that is there, or says that it controls nothing."""

import os
import subprocess
import sys

import pytest

from proof import sabotage, sabotages
from tests.house import ROOT


def test_every_sabotage_has_a_meaning_and_a_deed() -> None:
    assert set(sabotage.COMMIT) == set(sabotages.MEANING)
    assert set(sabotages.SQL) <= set(sabotages.MEANING)


def test_without_the_variable_nothing_is_sabotaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sabotages.VARIABLE, raising=False)
    assert sabotage.commit() == ""


def test_every_sabotage_finds_what_it_switches_off() -> None:
    """In a process of its own each: a sabotage is for good."""
    code = "import django; django.setup(); from proof import sabotage; [deed() for deed in sabotage.COMMIT.values()]"
    known = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings_test"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=known, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_sabotage_of_what_is_gone_is_refused() -> None:
    with pytest.raises(AttributeError, match="controls nothing"):
        sabotage._replace(sabotages, "NO_SUCH_THING", None)
