"""What only the relay brings about: order, jobs for the handlers, and their receipts."""

from typing import Any
from uuid import UUID

from django.db import connection, transaction

from core import clock, events, failpoints, ids, tenancy
from core.models import Environment, scope_of
from core.tenancy import PLATFORM_ID, scope
from core.tenancy.system import system_scope
from jobs.services import NewJob, enqueue_many
from outbox.models import Heartbeat, OutboxEvent, Sequence

BATCH = 500

# The inbox: a row of the effect's own transaction, and whether something later about the same thing was dealt with.
_OVERTAKEN = """
    EXISTS (SELECT 1 FROM outbox_receipt later
            WHERE later.environment_id = %(environment)s::uuid AND later.consumer = %(consumer)s::text
              AND later.subject = %(subject)s::text AND later.aggregate_version > %(version)s)
"""
_INBOX = f"""
    INSERT INTO outbox_receipt (id, environment_id, consumer, event_id, subject, aggregate_version, at)
    SELECT %(id)s::uuid, %(environment)s::uuid, %(consumer)s::text, %(event)s::uuid, %(subject)s::text,
           %(version)s::bigint, clock_timestamp()
    WHERE NOT {_OVERTAKEN}
    ON CONFLICT (environment_id, consumer, event_id) DO NOTHING
"""
# Numbers follow the order in which the rows were written; the caller holds the environment's counter.
_GIVE_NUMBERS = """
    UPDATE outbox_outboxevent event SET sequence = %(last)s + chosen.place, relayed_at = clock_timestamp()
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM outbox_outboxevent
          WHERE environment_id = %(environment)s AND sequence IS NULL ORDER BY id LIMIT %(batch)s) chosen
    WHERE event.id = chosen.id
    RETURNING event.event_id, event.type, event.subject, event.sequence, event.request_id
"""


def relay() -> int:
    """This function will relay the pending facts of every environment and return how many there were."""
    _beat()
    return sum(_relay_all(scope_of(environment_id)) for environment_id in _environments_waiting())


def _environments_waiting() -> list[UUID]:
    # A clock that is being moved relays for itself, in step with its jobs.
    moving = Environment.objects.exclude(advancing_to=None).values("id")
    with system_scope("outbox: who has facts to relay"), transaction.atomic():
        waiting = OutboxEvent.objects.pending().exclude(environment_id__in=moving)
        return list(waiting.order_by().values_list("environment_id", flat=True).distinct())


def _relay_all(environment: tenancy.Scope) -> int:
    with scope(environment):
        return relay_here()


def relay_here() -> int:
    """This function will relay all pending facts of the environment in scope and return how many there were."""
    total = moved = relay_batch()
    if __debug__:
        failpoints.reach("relay.committed")
    while moved == BATCH:
        moved = relay_batch()
        total += moved
    return total


@transaction.atomic
def relay_batch() -> int:
    """This function will give the next facts their places in the order and write a job for each of their handlers."""
    events.flush()
    counter = _counter()
    if __debug__:
        failpoints.reach("relay.counter_locked")
    rows = _give_numbers(counter.last)
    if __debug__:
        failpoints.reach("relay.numbered")
    if rows:
        Sequence.objects.filter(pk=counter.pk).update(last=counter.last + len(rows))
        enqueue_many([job for row in sorted(rows, key=lambda row: row["sequence"]) for job in _jobs(row)])
        if __debug__:
            failpoints.reach("relay.jobs_written")
    return len(rows)


def _counter() -> Sequence:
    Sequence.objects.bulk_create([Sequence()], ignore_conflicts=True)
    return Sequence.objects.select_for_update().get()


def _give_numbers(last: int) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_NUMBERS, {"last": last, "environment": tenancy.environment_id(), "batch": BATCH})
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _jobs(row: dict[str, Any]) -> list[NewJob]:
    return [
        NewJob(
            kind="outbox.handle", payload={"event": str(row["event_id"]), "handler": handler.name},
            key=f"{row['event_id']}:{handler.name}", ordering_key=f"{handler.name}:{row['subject']}",
            ordering_rank=row["sequence"], correlation_id=row["request_id"],
        )
        for handler in events.handlers_of(row["type"])
    ]  # fmt: skip


@transaction.atomic
def handle(*, event_id: UUID, handler_name: str, again: str = "") -> None:
    """This function will let one handler react to one fact, once in effect however often it is asked.

    `again` is the id of a replay whose operator wants what was done already to be done once more; once per replay.

    :raises outbox.models.UnreadableFact: if this code cannot read what is stored.
    """
    handler, row = events.handler(handler_name), OutboxEvent.objects.get(event_id=event_id)
    if not _first_time(f"{handler_name}#{again}" if again else handler_name, row):
        return
    if __debug__:
        failpoints.reach("outbox.receipt_written")
    handler.call(row.as_stored() if handler.type == "*" else row.as_event())
    if __debug__:
        failpoints.reach("outbox.handled")


def _first_time(consumer: str, row: OutboxEvent) -> bool:
    """Whether the consumer has dealt neither with the fact nor with a later one about the same thing."""
    values: dict[str, Any] = {
        "id": ids.new(), "environment": tenancy.environment_id(), "consumer": consumer, "event": row.event_id,
        "subject": row.subject, "version": row.aggregate_version,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INBOX, values)
        return bool(cursor.rowcount)


def _beat() -> None:
    with scope(scope_of(PLATFORM_ID)), transaction.atomic():
        Heartbeat.objects.bulk_create(
            [Heartbeat(name="relay", at=clock.wall())],
            update_conflicts=True, unique_fields=["environment", "name"], update_fields=["at"],
        )  # fmt: skip
