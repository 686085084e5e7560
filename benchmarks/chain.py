"""The audit log: a chain proved as it streams from the database, beside the bare hashing of the same texts."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks import house
from benchmarks.load import median
from benchmarks.relay import MODULE, Opened, open_own
from benchmarks.table import Line, ratio


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    pairs: int = 5
    entries: int = 50_000


def run(size: Size = Size(), opened: Opened = open_own) -> list[Line]:
    """This function will prove a chain in turns with the reference, and fail if it does not hold."""
    with opened() as (environment, _):
        quiet = {**environment, "LOG_LEVEL": "WARNING"}
        house.ask(MODULE, quiet, "entries", str(size.entries))
        turns = [_turn(quiet) for _ in range(size.pairs + 1)][1:]
    mine, bare = zip(*turns, strict=True)
    share = median([one / other for one, other in turns])
    return [
        Line(what=f"proving {size.entries} entries", result=f"{median(mine):.0f}/s"),
        Line(what="hashing them in memory", result=f"{median(bare):.0f}/s"),
        ratio("chain verification, rate", share, least=0.2, stretch=0.5, note="one HMAC for each in pure Python"),
    ]


def _turn(environment: Mapping[str, str]) -> tuple[float, float]:
    proved, hashed = house.ask(MODULE, environment, "verify"), house.ask(MODULE, environment, "hash")
    return proved["answer"] / proved["seconds"], hashed["answer"] / hashed["seconds"]
