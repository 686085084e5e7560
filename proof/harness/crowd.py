"""A crowd of processes that do the same thing at the same instant, some of which are killed on the way."""

import json
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proof.harness.births import Child, Nursery

# Within this time of the start most of a crowd are inside their transaction.
DEATHS_WITHIN_S = 0.4


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """What came of it: the answers of those who lived, and how many were killed."""

    answers: list[Any]
    kills: int


def gather(
    nursery: Nursery, call: Callable[[int], Any], *, people: int, victims: int = 0, dice: random.Random
) -> Crowd:
    """This function will let `people` processes go at one instant and kill `victims` of them while they are at it."""
    gate, opener = os.pipe()
    folder = nursery.folder / "answers"
    folder.mkdir(exist_ok=True)
    children = [
        nursery.fork("crowd", lambda number=number: _take_part(number, call, (gate, opener), folder))  # type: ignore[misc]
        for number in range(people)
    ]
    os.close(gate)
    # Closing the last writing end lets everybody through.
    os.close(opener)
    kills = sum(_kill(child, dice) for child in dice.sample(children, victims))
    for child in children:
        child.wait()
    answers = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    for path in folder.iterdir():
        path.unlink()
    return Crowd(answers=answers, kills=kills)


def _take_part(number: int, call: Callable[[int], Any], pipe: tuple[int, int], folder: Path) -> None:
    gate, opener = pipe
    os.close(opener)
    os.read(gate, 1)
    answer = json.dumps(call(number))
    part = folder / f"{number}.part"
    part.write_text(answer, encoding="utf-8")
    part.rename(folder / f"{number}.json")


def _kill(child: Child, dice: random.Random) -> bool:
    time.sleep(dice.uniform(0, DEATHS_WITHIN_S / 4))
    child.signal(signal.SIGKILL)
    return True
