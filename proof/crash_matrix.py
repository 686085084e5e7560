"""A process dies at every failpoint there is; a second one tells the same story to the same end."""

import json
import os
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from core.failpoints import POINTS
from local.engines import databases
from proof import story
from proof.harness import verdict
from proof.harness.births import Nursery
from proof.harness.crew import until
from proof.harness.outside import Outside
from proof.harness.progress import Progress
from proof.harness.results import Result
from tests.fixtures import NOW

EXAMINERS = 2
SECONDS_EACH = 120.0
COUNT_ALL = {"points": {"*": {"do": "delay", "chance": 0.0}}}
_LEASES = "UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second' WHERE state = 'running'"


class Matrix:
    """The story, prepared once and copied for each death; how it ends when nobody dies; how often it passes a point."""

    def __init__(self, nursery: Nursery, outside: Outside, *, cards: Sequence[str], months: int) -> None:
        self.nursery, self.base = nursery, databases.name_of(outside.url)
        outside.set_clock(NOW)
        server = story.receiver()
        self.receiver = nursery.fork("receiver", partial(story.listen, server))
        self.company = nursery.ask(partial(story.prepare, server.server_address[1], cards, months))
        # A database that is copied must have nobody in it.
        outside.close()
        self.told = self.examine("", {})

    def examine(self, point: str, points: dict[str, Any]) -> dict[str, Any]:
        """This function will tell the story in a copy, first with deadly points if any are given, then to its end."""
        name = f"{self.base}_{re.sub('[^a-z]', '_', point) or 'calm'}"
        databases.create(os.environ["DATABASE_ADMIN_URL"], name, self.base)
        outside = Outside.of(name)
        there = replace(self.nursery, database=name)
        tell = partial(story.tell, self.company, outside.url)
        try:
            status = replace(there, failpoints=points).fork(f"story-{point}", tell).wait() if points else 0
            outside.run(_LEASES)
            found: dict[str, Any] = replace(there, failpoints=COUNT_ALL).ask(tell)
            return found | {"status": status, "broken": verdict.broken(there)}
        finally:
            outside.close()
            databases.drop(os.environ["DATABASE_ADMIN_URL"], name)

    def die_at(self, point: str, crossing: int) -> list[str]:
        """This function will have a process die at a crossing of a point, and return what was wrong afterwards."""
        mark = self.nursery.folder / f"{point}.mark"
        plan = {"do": "kill", "at": crossing, "once": str(mark)}
        found = self.examine(point, {"points": {point: plan}})
        wrong = [] if mark.exists() and found["status"] == -9 else [f"nobody died there ({found['status']})"]
        wrong += [] if not found["unfinished"] else [f"{found['unfinished']} things left over"]
        wrong += [
            f"{what} ended as {found['ended'][what]}, not {ended}"
            for what, ended in self.told["ended"].items()
            if found["ended"][what] != ended
        ]
        return [f"{point}: {one}" for one in [*wrong, *found["broken"]]]


def run(
    nursery: Nursery,
    outside: Outside,
    result: Result,
    *,
    sample: int = 0,
    only: Sequence[str] = (),
    cards: Sequence[str] = story.CARDS,
    months: int = 1,
) -> None:
    """This function will have a process die at every point, or at some of them, at a crossing that the seed chooses."""
    dice, matrix = random.Random(result.seed), Matrix(nursery, outside, cards=cards, months=months)
    try:
        passed = matrix.told["passed"]
        result.broken += [f"nobody dies: {one}" for one in matrix.told["broken"]]
        if not (sample or only):
            result.expect("points that the story never passes", sorted(POINTS.keys() - passed.keys()), [])
        points = list(only) or sorted(dice.sample(sorted(passed), sample) if sample else passed)
        crossings = {point: dice.randint(1, passed[point]) for point in points}
        print(f"  {len(passed)} points, passed {sum(passed.values())} times", flush=True)
        broken = _examine_all(nursery, matrix, crossings)
    finally:
        matrix.receiver.signal(9)  # type: ignore[arg-type]
        matrix.receiver.wait()
    result.kills = len(crossings)
    result.counted = {"points": len(crossings), "deaths": len(crossings), "passages in the story": sum(passed.values())}
    result.broken += broken


def _examine_all(nursery: Nursery, matrix: Matrix, crossings: dict[str, int]) -> list[str]:
    """Two at a time; what each finds is a file."""
    folder = nursery.folder / "examined"
    folder.mkdir()
    parts = [list(crossings.items())[part::EXAMINERS] for part in range(EXAMINERS)]
    examiners = [nursery.fork(f"examiner{n}", partial(_examine, matrix, part, folder)) for n, part in enumerate(parts)]
    told = Progress()

    def say() -> None:
        done = len(list(folder.iterdir()))
        told.at(done / len(crossings), f"{done} of {len(crossings)} points")

    ended: dict[int, int] = {}

    def have_ended() -> bool:
        for child in examiners:
            if child.pid not in ended and (status := child.has_ended()) is not None:
                ended[child.pid] = status
        return len(ended) == len(examiners)

    until(have_ended, seconds=SECONDS_EACH * len(crossings), every=say, interval=0.2)
    missing = [point for point in crossings if not (folder / point).exists()]
    found = [one for path in sorted(folder.iterdir()) for one in json.loads(path.read_text(encoding="utf-8"))]
    return found + [f"{point}: the examination itself failed; see the logs" for point in missing]


def _examine(matrix: Matrix, crossings: Sequence[tuple[str, int]], folder: Path) -> None:
    for point, crossing in crossings:
        found = matrix.die_at(point, crossing)
        (folder / point).write_text(json.dumps(found), encoding="utf-8")
