"""The conformance cases as test parameters. The same files verify other engines: see `conformance/`."""

from pathlib import Path
from typing import Any

import pytest

from core import conformance

FOLDER = Path(__file__).resolve().parent.parent / "conformance"


def cases(kind: str) -> list[Any]:
    """The cases of one kind.

    This function will answer one parameter per case, named by the case's id.
    """
    return [pytest.param(case, id=case.id) for case in conformance.read(FOLDER / f"{kind}.json").cases]


def check(kind: str, case: conformance.Case) -> None:
    """This function will run a case through the adapter that `manage.py conformance` uses, and fail as it would."""
    chosen = conformance.adapter(kind)
    assert chosen is not None, f"nobody answers {kind}"
    outcome = conformance.verify(chosen, case)
    assert not outcome.error, outcome.error
    assert outcome.passed, f"expected {case.expected}, got {conformance.shown(outcome.got)}"
