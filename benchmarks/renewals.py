"""Renewals by the worker, beside the same rows by one statement of plain SQL and by the ORM one by one."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import house, rows
from benchmarks.load import median
from benchmarks.table import Line, ratio

MODULE = "benchmarks.renewing"
# For several processes to be there before the first of them begins.
START_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured. `due` are the backlogs beside which `sample` renewals are measured, the smallest first."""

    pairs: int = 5
    subscriptions: int = 1_000
    one_by_one: int = 60
    due: Sequence[int] = (1_000, 10_000, 100_000)
    sample: int = 1_000
    warm: int = 100
    each: int = 2_000


Opened = Callable[[], AbstractContextManager[tuple[Mapping[str, str], Path]]]


def open_own() -> AbstractContextManager[tuple[Mapping[str, str], Path]]:
    """This function will open engines of its own."""
    return house.migrated(os.environ)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Renewals per second of one round, three ways."""

    mine: float
    plain: float
    orm: float


class Ground:
    """The house, its copy for the references, and the numbers of subscriptions that are still to be made."""

    def __init__(self, environment: Mapping[str, str], folder: Path, reference: str, told: Mapping[str, str]) -> None:
        self.environment, self.folder, self.reference, self._told = environment, folder, reference, told
        self.next = rows.FIRST_NUMBER

    def ask(self, *arguments: str) -> dict[str, float]:
        """This function will have the house's process do something."""
        return house.ask(MODULE, self.environment, *arguments)

    def run(self, name: str, first: int, last: int, url: str) -> float:
        """This function will run a statement for a range of numbers, and return how long that took."""
        statement = (self.folder / name).read_text()
        scope = "SELECT set_config('app.environment_id', %s, true), set_config('app.system_reason', '', true)"
        with psycopg.connect(url) as database:
            database.execute(scope, [self._told["environment"]])
            started = time.perf_counter()
            database.execute(statement, {"first": first, "last": last}, prepare=False)
            database.commit()
            return time.perf_counter() - started

    def make(self, count: int, *urls: str) -> tuple[int, int]:
        """This function will make so many due subscriptions in some databases, and return their range of numbers."""
        first, last = self.next, self.next + count - 1
        self.next += count
        for url in urls:
            superuser = house.as_superuser(url, self.environment)
            self.run("due.sql", first, last, superuser)
            with psycopg.connect(superuser, autocommit=True) as admin:
                admin.execute("ANALYZE")
        return first, last


def run(size: Size = Size(), opened: Opened = open_own) -> list[Line]:
    """This function will renew in turns with both references, then beside longer backlogs, then with two workers."""
    with opened() as (environment, folder):
        quiet = {**environment, "LOG_LEVEL": "WARNING"}
        told = house.ask(MODULE, quiet, "prepare", str(folder))
        with house.reference(quiet) as reference:
            ground = Ground(quiet, folder, reference, told)
            turns = [_turn(ground, size) for _ in range(size.pairs)]
        costs = {due: _cost_beside(ground, due, size.sample, size.warm) for due in size.due}
        speeds = [_rate(ground, workers, size.each, size.warm) for workers in (1, 2)]
    return [*_compared(turns, told), *_flat(costs), *_together(speeds)]


def _turn(ground: Ground, size: Size) -> Turn:
    mine = ground.environment["DATABASE_URL"]
    whole = size.warm + size.subscriptions
    first, last = ground.make(whole, mine, ground.reference)
    looked = ground.ask("look")
    done = ground.ask("work", str(size.subscriptions), "0", str(size.warm))
    if done["done"] != size.subscriptions:
        raise AssertionError(f"{done['done']} of {size.subscriptions} subscriptions were renewed")
    plain = ground.run("renewal.sql", first, last, ground.reference)
    first, last = ground.make(size.one_by_one, ground.reference)
    away = {**ground.environment, "DATABASE_URL": ground.reference}
    saved = house.ask(MODULE, away, "orm", str(ground.folder), str(first), str(last))
    return Turn(
        mine=1 / (looked["seconds"] / whole + (done["until"] - done["from"]) / size.subscriptions),
        plain=whole / plain, orm=size.one_by_one / saved["seconds"],
    )  # fmt: skip


def _cost_beside(ground: Ground, due: int, sample: int, warm: int) -> float:
    """Milliseconds of one renewal while so many are due, its share of the look that finds them counted in."""
    mine = ground.environment["DATABASE_URL"]
    waiting = _waiting(ground)
    if due > waiting:
        ground.make(due - waiting, mine)
    looked = ground.ask("look")
    done = ground.ask("work", str(sample), "0", str(warm))
    share = looked["seconds"] / looked["found"] if looked["found"] else 0.0
    return 1000 * (share + (done["until"] - done["from"]) / done["done"])


def _waiting(ground: Ground) -> int:
    url = house.as_superuser(ground.environment["DATABASE_URL"], ground.environment)
    with psycopg.connect(url) as admin:
        found = admin.execute("SELECT count(*) FROM subscriptions_subscription WHERE renews_at < now()").fetchone()
    return int(found[0]) if found else 0


def _rate(ground: Ground, workers: int, each: int, warm: int) -> float:
    """Renewals per second of so many processes that begin at one instant."""
    wanted = workers * (each + warm)
    if missing := max(0, wanted - _waiting(ground)):
        ground.make(missing, ground.environment["DATABASE_URL"])
    while _ready(ground) < wanted:
        ground.ask("look")
    begin_at = time.time() + START_S * min(1.0, each / 1_000)
    with ThreadPoolExecutor(workers) as pool:
        asked = [pool.submit(ground.ask, "work", str(each), str(begin_at), str(warm)) for _ in range(workers)]
        found = [one.result() for one in asked]
    took = max(one["until"] for one in found) - min(one["from"] for one in found)
    return sum(one["done"] for one in found) / took


def _ready(ground: Ground) -> int:
    url = house.as_superuser(ground.environment["DATABASE_URL"], ground.environment)
    query = "SELECT count(*) FROM jobs_job WHERE kind = 'subscriptions.renew' AND state = 'pending'"
    with psycopg.connect(url) as admin:
        found = admin.execute(query).fetchone()
    return int(found[0]) if found else 0


def _compared(turns: Sequence[Turn], told: Mapping[str, int]) -> list[Line]:
    plain = median([one.mine / one.plain for one in turns])
    orm = median([one.mine / one.orm for one in turns])
    return [
        Line(what="renewals", result=f"{median([one.mine for one in turns]):.0f}/s, {told['rows']} rows each"),
        Line(what="the same rows, one statement", result=f"{median([one.plain for one in turns]):.0f}/s"),
        Line(what="the same rows, ORM one by one", result=f"{median([one.orm for one in turns]):.0f}/s"),
        ratio("renewals, rate", plain, least=0.25, stretch=0.4, note="one statement of plain SQL"),
        ratio("renewals, rate", orm, least=12, stretch=20, note="the ORM, one by one"),
    ]


def _flat(costs: Mapping[int, float]) -> list[Line]:
    few, many = min(costs), max(costs)
    lines = [Line(what=f"a renewal beside {due} due", result=f"{cost:.2f} ms") for due, cost in costs.items()]
    note = f"from {few} to {many} due"
    return [*lines, ratio("its cost", costs[many] / costs[few], least=1.5, stretch=1.2, note=note, is_cost=True)]


def _together(speeds: Sequence[float]) -> list[Line]:
    one, two = speeds
    return [
        Line(what="one worker, two workers", result=f"{one:.0f}/s, {two:.0f}/s"),
        ratio("two workers, rate", two / one, least=1.5, stretch=1.8, note="one worker"),
    ]
