"""The house's own proofs, run as an operator would run them."""

import subprocess
import sys

from local.guard import CHECKOUT
from local.tour.stage import Stage, Wrong

PROOF_SECONDS = 120.0


def check_invariants(stage: Stage) -> str:
    """This step will run `manage.py check_invariants`."""
    return _manage(stage, "check_invariants")


def check_revenue(stage: Stage) -> str:
    """This step will run `manage.py backfill_mrr --check`: history tells the recurring revenue that was written."""
    return _manage(stage, "backfill_mrr", "--check")


def verify_audit(stage: Stage) -> str:
    """This step will run `manage.py verify_audit`."""
    return _manage(stage, "verify_audit")


def _manage(stage: Stage, command: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", command, *options],
        cwd=CHECKOUT,
        env=dict(stage.settings.environment),
        capture_output=True,
        text=True,
        timeout=PROOF_SECONDS,
        check=False,
    )
    said = done.stdout.strip().splitlines()
    if done.returncode:
        broken = [line for line in said if "BROKEN" in line] or done.stderr.strip().splitlines()[-3:]
        raise Wrong(f"{command} ended with {done.returncode}: {' | '.join(broken)}")
    return said[-1] if said else command
