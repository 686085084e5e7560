"""The relay: facts get their places and their handlers' jobs, beside claiming and marking the same rows in SQL."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import house
from benchmarks.load import median
from benchmarks.table import Line, ratio

MODULE = "benchmarks.engine"
BATCH = 500
# The least that a relay does to a fact: take a batch that nobody else takes, and mark it as done.
CLAIM_AND_MARK = """
WITH claimed AS (
  SELECT id FROM outbox_outboxevent WHERE sequence IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
UPDATE outbox_outboxevent fact SET sequence = fact.id, relayed_at = clock_timestamp() FROM claimed
 WHERE fact.id = claimed.id RETURNING fact.event_id, fact.type, fact.subject
"""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured; facts are per round."""

    pairs: int = 5
    facts: int = 4_000


Opened = Callable[[], AbstractContextManager[tuple[Mapping[str, str], Path]]]


def open_own() -> AbstractContextManager[tuple[Mapping[str, str], Path]]:
    """This function will open engines of its own."""
    return house.migrated(os.environ)


def run(size: Size = Size(), opened: Opened = open_own) -> list[Line]:
    """This function will relay in turns with the reference; both have the same facts to relay in every round."""
    with opened() as (environment, _):
        quiet = {**environment, "LOG_LEVEL": "WARNING"}
        turns = [_turn(number, size, quiet) for number in range(size.pairs + 1)][1:]
    mine, raw = ([size.facts / took for took in column] for column in zip(*turns, strict=True))
    share = median([one / other for one, other in zip(mine, raw, strict=True)])
    return [
        Line(what=f"relay of {size.facts} facts", result=f"{median(mine):.0f}/s"),
        Line(what="claim and mark in SQL", result=f"{median(raw):.0f}/s"),
        ratio("relay, rate", share, least=0.25, stretch=0.5, note="raw claim and mark, which writes no jobs"),
    ]


def _turn(number: int, size: Size, environment: Mapping[str, str]) -> tuple[float, float]:
    house.ask(MODULE, environment, "facts", str(size.facts), str(number))
    with house.reference(environment) as url:
        raw = _claim_and_mark(url, environment, size.facts)
    relayed = house.ask(MODULE, environment, "relay")
    if relayed["answer"] != size.facts:
        raise AssertionError(f"{relayed['answer']} of {size.facts} facts were relayed")
    return relayed["seconds"], raw


def _claim_and_mark(url: str, environment: Mapping[str, str], facts: int) -> float:
    with psycopg.connect(house.as_superuser(url, environment), autocommit=True, prepare_threshold=0) as database:
        started = time.perf_counter()
        marked = 0
        while moved := len(database.execute(CLAIM_AND_MARK, [BATCH]).fetchall()):
            marked += moved
        took = time.perf_counter() - started
    if marked != facts:
        raise AssertionError(f"{marked} of {facts} facts were marked")
    return took
