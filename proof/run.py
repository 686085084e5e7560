"""One run of one proof in a process of its own, on the database that the environment names.

`python -m proof.run facts --seed 7 --scale small --folder /some/where` leaves `result.json` and the children's logs in
the folder; the exit status says whether the proof holds.
"""

import argparse
import os
import pkgutil
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from local.engines import databases
from proof import sabotages
from proof.catalog import BY_NAME
from proof.harness import results

BROKEN = 3


def main(arguments: Sequence[str]) -> int:
    """This function will run what was asked for, print the seed first and the result last."""
    parser = argparse.ArgumentParser(prog="python -m proof.run", description="One run of one proof.")
    parser.add_argument("name", choices=BY_NAME)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--scale", choices=("small", "ci", "control", "full"), default="small")
    parser.add_argument("--folder", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    result = results.Result(name=chosen.name, scale=chosen.scale, seed=chosen.seed)
    print(f"{chosen.name}: seed {chosen.seed}", flush=True)
    began = time.monotonic()
    _run(result, chosen.folder)
    result.seconds = time.monotonic() - began
    result.save(chosen.folder / "result.json")
    print(results.line(result), flush=True)
    return 0 if result.holds else BROKEN


def _run(result: results.Result, folder: Path) -> None:
    proof = BY_NAME[result.name]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    result.figure = proof.figure
    os.environ.update(settings(folder))
    # Loaded by name, after the environment is what it is to be.
    pkgutil.resolve_name("django:setup")()
    result.sabotage = pkgutil.resolve_name("proof.sabotage:commit")()
    nursery = pkgutil.resolve_name("proof.harness.births:Nursery")(folder=folder)
    outside = pkgutil.resolve_name("proof.harness.outside:Outside.of")(databases.name_of(os.environ["DATABASE_URL"]))
    try:
        for statement in sabotages.SQL.get(result.sabotage, ()):
            outside.run(statement)
        pkgutil.resolve_name(proof.call)(nursery, outside, result, **proof.size(result.scale))
    finally:
        outside.close()


def settings(folder: Path) -> dict[str, str]:
    """This function will return the variables of a house under proof: its files in a folder, no rate limits."""
    return {
        "ENV": "local",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "RATE_LIMITS_ENABLED": "false",
        "LOG_LEVEL": "WARNING",
        "DOCUMENT_ROOT": str(folder / "documents"),
        "MAILBOX_DIR": str(folder / "mailbox"),
        "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
