"""Facts under kills: none lost, none out of order for its aggregate, and each has its effect once."""

import random
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event as Idle
from typing import ClassVar

from django.db import connection, transaction

from core import clock, events
from core.events import Event
from proof.harness import crew, verdict, world
from proof.harness.births import Nursery
from proof.harness.crew import Crew
from proof.harness.outside import Outside
from proof.harness.progress import Progress
from proof.harness.results import Result

# Of what the writers begin, this share is rolled back.
UNDONE = 0.05
TABLES = """
CREATE TABLE proof_aggregate (subject text PRIMARY KEY, version int NOT NULL);
CREATE TABLE proof_effect (id bigserial PRIMARY KEY, subject text NOT NULL, number int NOT NULL);
GRANT SELECT, INSERT, UPDATE ON proof_aggregate, proof_effect TO perennial_app;
GRANT USAGE ON SEQUENCE proof_effect_id_seq TO perennial_app;
"""
_PROGRESS = "SELECT (SELECT sum(version) FROM proof_aggregate), (SELECT count(*) FROM proof_effect)"
_LOST = """
SELECT count(*) FROM proof_aggregate, generate_series(1, version) number
WHERE NOT EXISTS (SELECT 1 FROM outbox_outboxevent fact WHERE fact.type = 'proof.counted'
                  AND fact.subject = proof_aggregate.subject AND (fact.data ->> 'number')::int = number)
"""
_DISTINCT = "SELECT count(DISTINCT (subject, number)) FROM proof_effect"
_DISORDER = """
SELECT count(*) FROM (SELECT number, lag(number) OVER (PARTITION BY subject ORDER BY id) before FROM proof_effect) told
WHERE number <= before
"""


@dataclass(frozen=True, kw_only=True)
class Counted(Event):
    """A proof has counted one further on something."""

    type: ClassVar[str] = "proof.counted"

    number: int


@events.handles(Counted)
def count(event: Counted) -> None:
    """This function will leave an effect that shows how often, and in which order, it was called."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO proof_effect (subject, number) VALUES (%s, %s)", [event.subject, event.number])


class Undone(Exception):
    """A writer's transaction that does not commit."""


def write(wanted: int, subjects: int, acknowledged: Path) -> None:
    """This function will publish facts until there are enough, and note each that was committed."""
    dice, idle = random.Random(), Idle()  # seeded by chance: whoever is born again must not repeat himself
    with acknowledged.open("a", buffering=1, encoding="utf-8") as noted, world.inside():
        while True:
            if _total() >= wanted:
                idle.wait(crew.IDLE_S)
                continue
            for _ in range(10):
                if said := _publish(dice, subjects):
                    noted.write(f"{said}\n")


@transaction.atomic
def _total() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(version), 0) FROM proof_aggregate")
        row: tuple[int] = cursor.fetchone()
    return row[0]


def _publish(dice: random.Random, subjects: int) -> str:
    subject = f"prf_{dice.randrange(subjects):03d}"
    try:
        with transaction.atomic():
            number = _next(subject)
            events.publish(Counted(subject=subject, actor="system", at=clock.now(), number=number))
            if dice.random() < UNDONE:
                raise Undone
    except Undone:
        return ""
    return f"{subject} {number}"


def _next(subject: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO proof_aggregate AS mine VALUES (%s, 1) ON CONFLICT (subject)"
            " DO UPDATE SET version = mine.version + 1 RETURNING version",
            [subject],
        )
        row: tuple[int] = cursor.fetchone()
    return row[0]


def run(nursery: Nursery, outside: Outside, result: Result, *, facts: int, subjects: int, kills: int) -> None:
    """This function will have writers and workers killed again and again, and count what came of every fact."""
    outside.run(TABLES)
    acknowledged = nursery.folder / "acknowledged"
    acknowledged.touch()
    dice = random.Random(result.seed)
    staff = Crew(nursery=nursery, outside=outside, dice=dice)
    writers = [(f"writer{n}", partial(write, facts, subjects, acknowledged)) for n in range(2)]
    workers = [(f"worker{n}", crew.work) for n in range(3)]
    staff.start([*writers, *workers, ("keeper0", crew.keep_house), ("keeper1", crew.keep_house)])
    try:
        _harass(staff, outside, facts=facts, kills=kills)
    finally:
        staff.stop()
    result.kills = staff.kills
    _judge(nursery, outside, result, acknowledged, facts)


def _harass(staff: Crew, outside: Outside, *, facts: int, kills: int) -> None:
    """Kill along with the progress, so that every death falls into work; then let everything come to an end."""
    deadline, told = time.monotonic() + 60 + facts / 8, Progress()
    while time.monotonic() < deadline:
        written, effects = outside.rows(_PROGRESS)[0]
        progress = min(((written or 0) + effects) / (2 * facts), 1.0)
        told.at(progress, f"{written or 0} facts, {effects} effects, {staff.kills} kills")
        if progress >= 1 and not outside.unfinished():
            return
        staff.revive()
        if staff.kills < kills * progress:
            staff.kill_one()
            if staff.kills % 8 == 0:
                staff.pause_one()
        time.sleep(staff.dice.uniform(0.01, 0.12))


def _judge(nursery: Nursery, outside: Outside, result: Result, acknowledged: Path, facts: int) -> None:
    written, effects = outside.rows(_PROGRESS)[0]
    versions = dict(outside.rows("SELECT subject, version FROM proof_aggregate"))
    told = [line.split() for line in acknowledged.read_text(encoding="utf-8").splitlines() if line.count(" ") == 1]
    missing = [line for line in told if int(line[1]) > versions.get(line[0], 0)]
    result.counted = {"facts": written, "effects": effects, "kills": result.kills, "acknowledged": len(told)}
    result.expect("enough facts", written >= facts, True)
    result.expect("acknowledged facts that are gone", len(missing), 0)
    result.expect("lost facts", outside.one(_LOST), 0)
    result.expect("effects", effects, written)
    result.expect(
        "distinct effects", outside.one("SELECT count(DISTINCT (subject, number)) FROM proof_effect"), written
    )
    result.expect("effects out of order", outside.one(_DISORDER), 0)
    result.expect("work left over", outside.unfinished(), 0)
    result.broken += verdict.broken(nursery)
