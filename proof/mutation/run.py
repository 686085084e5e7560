"""The mutation score: of the places that were changed, how many some test has noticed, area by area."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from local.guard import CHECKOUT
from proof.harness.births import Nursery
from proof.harness.outside import Outside
from proof.harness.results import Result
from proof.mutation.areas import AREAS, Area

LEAST: Final = 0.9
LONGEST_S: Final = 3_600


def run(nursery: Nursery, outside: Outside, result: Result, *, sample: int, areas: tuple[str, ...] = ()) -> None:
    """This function will change `sample` places of each area, and count what its tests have noticed."""
    for area in AREAS:
        if not areas or area.name in areas:
            log = nursery.log(f"mutation-{area.name}")
            found = _try(area, log, sample=sample, seed=result.seed, asserts=not result.sabotage)
            noticed = sum(one["outcome"] == "killed" for one in found)
            result.counted[f"{area.name}: noticed of {len(found)}"] = noticed
            if noticed < LEAST * len(found) or not found:
                result.broken.append(f"{area.name}: only {noticed} of {len(found)} changes were noticed")


def _try(area: Area, log: Path, *, sample: int, seed: int, asserts: bool = True) -> list[dict[str, Any]]:
    """The changes with what became of them. The log tells of those that nobody noticed."""
    out = log.with_suffix(".json")
    asked = {"paths": area.paths, "sample": sample, "seed": seed, "out": str(out)}
    known = {**os.environ, "MUTATION": json.dumps(asked), "DJANGO_SETTINGS_MODULE": "config.settings_test"}
    words = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "proof.mutation.plugin", "-p", "no:cacheprovider"]
    if not asserts:
        # Python leaves assertions out then, unless pytest writes them anew.
        words = [sys.executable, "-O", *words[1:], "--assert=plain"]
    done = subprocess.run(
        [*words, *area.tests], cwd=CHECKOUT, env=known, capture_output=True, text=True, check=False, timeout=LONGEST_S
    )
    found: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    left = [one for one in found if one["outcome"] != "killed"]
    log.write_text("\n".join([done.stdout[-3_000:], done.stderr[-3_000:], *map(json.dumps, left)]), encoding="utf-8")
    return found
