"""`python -m proof all` runs every proof and its controls and rewrites docs/proofs.md; a name runs that one.

Engines of its own, whose data is safe on disk; a fresh copy of one migrated database for each run.
"""

import argparse
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import engines, home
from local.engines import databases
from local.guard import CHECKOUT
from proof import page
from proof.catalog import BY_NAME, PROOFS, Proof
from proof.harness import results
from proof.harness.results import Result

LARGEST_SEED = 1 << 31


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where the runs take place."""

    folder: Path
    environment: dict[str, str]
    template: str

    def run(self, proof: Proof, *, seed: int, scale: str, sabotage: str = "") -> Result:
        """This function will run one proof on a database of its own and return what it found."""
        label = f"{proof.name}-{sabotage}" if sabotage else proof.name
        folder = self.folder / "runs" / label
        admin, name = self.environment["DATABASE_ADMIN_URL"], f"proof_{label.replace('-', '_')}"
        databases.drop(admin, name)
        urls = databases.create(admin, name, self.template)
        variables = {"DATABASE_URL": urls.app, "DATABASE_OWNER_URL": urls.owner, "PROOF_SABOTAGE": sabotage}
        words = [sys.executable, "-m", "proof.run", proof.name, f"--seed={seed}", f"--scale={scale}"]
        subprocess.run([*words, f"--folder={folder}"], cwd=CHECKOUT, env={**self.environment, **variables}, check=False)
        databases.drop(admin, name)
        return results.load(folder / "result.json") or _unfinished(proof, seed, scale, sabotage)


def _unfinished(proof: Proof, seed: int, scale: str, sabotage: str) -> Result:
    broken = ["the run itself failed; see its logs"]
    return Result(name=proof.name, scale=scale, seed=seed, sabotage=sabotage, figure=proof.figure, broken=broken)


def main(arguments: Sequence[str]) -> int:
    """This function will run what was named and return 1 if a proof is broken, or a control is not."""
    chosen = _parser().parse_args(arguments)
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(LARGEST_SEED)
    print(f"seed {seed}; repeat with: python -m proof {' '.join(chosen.names)} --seed={seed} --scale={chosen.scale}")
    proofs = PROOFS if "all" in chosen.names else [BY_NAME[name] for name in chosen.names]
    began = time.monotonic()
    with opened() as bench:
        found = [one for proof in proofs for one in _prove(bench, proof, seed, chosen)]
    print(page.table(found))
    print(f"{len(proofs)} proofs in {time.monotonic() - began:.0f} s.")
    if "all" in chosen.names and chosen.scale == "full":
        page.rewrite(found, seed=seed)
    return 0 if all(map(page.is_right, found)) else 1


def _prove(bench: Bench, proof: Proof, seed: int, chosen: argparse.Namespace) -> Iterator[Result]:
    """The proof, then each control; with --resume what an earlier call has found under the same seed counts."""
    yield _found(bench, proof, chosen, seed=seed, scale=chosen.scale)
    for sabotage in proof.controls if chosen.controls else ():
        yield _found(bench, proof, chosen, seed=seed, scale="control", sabotage=sabotage)


def _found(
    bench: Bench, proof: Proof, chosen: argparse.Namespace, *, seed: int, scale: str, sabotage: str = ""
) -> Result:
    kept = bench.folder / "kept" / f"{proof.name}-{scale}-{sabotage}-{seed}.json"
    earlier = results.load(kept) if chosen.resume else None
    if earlier is None or not page.is_right(earlier):
        earlier = bench.run(proof, seed=seed, scale=scale, sabotage=sabotage)
        kept.parent.mkdir(exist_ok=True)
        earlier.save(kept)
    return earlier


@contextmanager
def opened() -> Iterator[Bench]:
    """This function will start engines of its own and migrate; they are stopped at the end, results stay."""
    folder = home.default_folder(os.environ) / "proof"
    home.open_home(folder.parent)
    here = home.open_home(folder)
    with home.only_run(here):
        started = engines.start(folder, durable=True, environ={})
        try:
            environment = {**os.environ, **started.environment}
            _migrate({**environment, "DATABASE_URL": started.database_owner_url})
            template = databases.name_of(started.database_url)
            yield Bench(folder=folder, environment=environment, template=template)
        finally:
            started.stop()


def _migrate(environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=CHECKOUT, env=environment, check=True
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m proof", description="Long runs under faults.")
    parser.add_argument(
        "names", nargs="+", choices=[*BY_NAME, "all"], metavar="name", help=", ".join([*BY_NAME, "all"])
    )
    parser.add_argument("--seed", type=int, help="repeats a run; printed by every run")
    parser.add_argument("--scale", choices=("small", "ci", "full"), default="full")
    parser.add_argument("--resume", action="store_true", help="skip what was proved under this seed before")
    parser.add_argument("--no-controls", dest="controls", action="store_false", help="only the proofs themselves")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
