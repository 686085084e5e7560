"""A thousand random corruptions of the audit chain: the audit log's own test, at its full length, with our seed."""

import os
import subprocess
import sys

from local.guard import CHECKOUT
from proof.harness.births import Nursery
from proof.harness.outside import Outside
from proof.harness.results import Result

TEST = "audit/tests/test_corruptions.py::test_a_thousand_corruptions_are_found_where_they_were_done"
CORRUPTIONS = 1_000


def run(nursery: Nursery, outside: Outside, result: Result) -> None:
    """This function will run the test; it makes databases of its own on the same server."""
    words = [sys.executable, "-m", "pytest", "-q", "-p", "proof.plugin", "-p", "no:cacheprovider", "-m", "proof"]
    known = {**os.environ, "AUDIT_SEED": str(result.seed), "DJANGO_SETTINGS_MODULE": "config.settings_test"}
    done = subprocess.run(
        [*words, "-o", "timeout=1200", TEST], cwd=CHECKOUT, env=known, capture_output=True, text=True, check=False
    )
    nursery.log("pytest").write_text(done.stdout + done.stderr, encoding="utf-8")
    found = CORRUPTIONS if done.returncode == 0 and "1 passed" in done.stdout else 0
    result.counted = {"corruptions found where they were done": found}
    if not found:
        said = [line for line in done.stdout.splitlines() if line.startswith("E ")]
        result.broken.append(said[0][1:].strip() if said else done.stdout[-300:] + done.stderr[-300:])
