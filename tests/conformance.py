"""The conformance cases as test parameters. The same files verify other engines: see `conformance/`."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "conformance"


def cases(kind: str) -> list[Any]:
    """The cases of one kind.

    This function will answer one parameter set `(given, expected)` per case, named by the case's id. Only the keys
    present in `expected` are promised.
    """
    document = json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))
    return [pytest.param(case["input"], case["expected"], id=case["id"]) for case in document["cases"]]
