"""Counting what the workers do: kept in memory for a slice of work, then added to the hour's row in one statement."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from django.db import connection, transaction

from core import clock
from core.tenancy import PLATFORM_ID
from core.tenancy.system import system_scope

# A look into an empty queue is written down this often, and not each time.
POLL_S: Final = 5.0

_ADD = """
    INSERT INTO jobs_queuehour AS known
        (id, environment_id, queue, hour, processed, succeeded, failed, dead_lettered, last_poll_at)
    SELECT gen_random_uuid(), %(platform)s, queue, date_trunc('hour', clock_timestamp(), 'UTC'),
           succeeded + failed + dead, succeeded, failed, dead, clock_timestamp()
    FROM unnest(%(queues)s::text[], %(succeeded)s::bigint[], %(failed)s::bigint[], %(dead)s::bigint[])
         AS slice (queue, succeeded, failed, dead)
    ORDER BY queue
    ON CONFLICT (environment_id, queue, hour) DO UPDATE SET
        processed = known.processed + excluded.processed, succeeded = known.succeeded + excluded.succeeded,
        failed = known.failed + excluded.failed, dead_lettered = known.dead_lettered + excluded.dead_lettered,
        last_poll_at = GREATEST(known.last_poll_at, excluded.last_poll_at)
"""


class Tally:
    """What became of the jobs of one slice of work, by queue."""

    def __init__(self, *queues: str) -> None:
        self._by_queue: dict[str, Counter[str]] = {queue: Counter() for queue in queues}

    def add(self, queue: str, outcome: str, number: int = 1) -> None:
        """This function will count jobs of a queue that came to an outcome."""
        self._by_queue.setdefault(queue, Counter())[outcome] += number

    def add_all(self, outcomes: Iterable[tuple[str, str]]) -> None:
        """This function will count jobs, each by its queue and what became of it."""
        for queue, outcome in outcomes:
            self.add(queue, outcome)

    @property
    def total(self) -> int:
        """How many jobs were done, whatever became of them."""
        return sum(counts.total() for counts in self._by_queue.values())

    def by_queue(self) -> Mapping[str, Counter[str]]:
        """This function will return the counts by queue and outcome."""
        return self._by_queue


_polled: dict[str, float] = {}


def write(tally: Tally) -> None:
    """This function will add a slice of work to the hour's rows; of idle looks only one in a while is worth a write."""
    now = clock.monotonic()
    counts = {
        queue: found
        for queue, found in tally.by_queue().items()
        if found.total() or now - _polled.get(queue, float("-inf")) >= POLL_S
    }
    _polled.update(dict.fromkeys(counts, now))
    if counts:
        _add(counts)


def _add(counts: Mapping[str, Counter[str]]) -> None:
    numbers = {name: [found[name] for found in counts.values()] for name in ("succeeded", "failed", "dead")}
    with system_scope("jobs: count"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ADD, {"platform": PLATFORM_ID, "queues": list(counts), **numbers})
