"""Every proof at its smallest, as a process of its own on the test's database; `make proof` runs them at length."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from proof.catalog import PROOFS, Proof
from tests.house import ROOT
from tests.session import Database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SEED = 20_260_115


def run(proof: Proof, committed: Database, folder: Path, **variables: str) -> dict[str, Any]:
    """Run one proof and return the result it wrote."""
    connections.close_all()
    known = {**os.environ, **committed.environment, "DATABASE_ADMIN_URL": committed.admin_url, **variables}
    words = [sys.executable, "-m", "proof.run", proof.name, f"--seed={SEED}", "--scale=small", f"--folder={folder}"]
    done = subprocess.run(words, cwd=ROOT, env=known, capture_output=True, text=True, timeout=250)
    assert done.stdout.startswith(f"{proof.name}: seed {SEED}"), done.stdout + done.stderr
    assert (folder / "result.json").exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("proof", [one for one in PROOFS if not one.small_test], ids=lambda proof: proof.name)
def test_a_small_proof_holds(proof: Proof, committed: Database, tmp_path: Path) -> None:
    found = run(proof, committed, tmp_path / "run")
    assert found["broken"] == []
    certain = {what: count for what, count in found["counted"].items() if what not in proof.by_chance}
    assert certain
    assert all(certain.values()), found["counted"]
