"""Feeding the file beside the database: from the table, behind a cursor, so nothing is lost and nobody waits for it."""

from pathlib import Path

from django.conf import settings
from django.db import transaction

from audit import exporting, sink
from audit.models import Checkpoint, Seal, SinkCursor
from core.models import Environment
from core.tenancy import scope

BATCH = 1000


def write_sink() -> int:
    """This function will write what the file does not have yet, from every chain, and return how many lines.

    A crash between the disk and the commit writes some lines twice; their places tell.

    :raises audit.sink.UnsafeSink: if the file is not safe to write to.
    """
    if not settings.AUDIT_LOG_PATH:
        return 0
    with transaction.atomic():
        environments = list(Environment.objects.select_related("tenant").order_by("id"))
    return sum(_write_all(one) for one in environments)


def _write_all(environment: Environment) -> int:
    total = 0
    with scope(environment.as_scope()):
        while written := _write_batch():
            total += written
    return total


@transaction.atomic
def _write_batch() -> int:
    SinkCursor.objects.bulk_create([SinkCursor()], ignore_conflicts=True)
    cursor = SinkCursor.objects.select_for_update(skip_locked=True).first()
    if cursor is None:
        return 0  # another worker is at it
    seals = list(Seal.objects.filter(sequence__gt=cursor.sequence).select_related("entry").order_by("sequence")[:BATCH])
    marks = list(Checkpoint.objects.filter(sequence__gt=cursor.checkpoint).order_by("sequence")[:BATCH])
    if not seals and not marks:
        return 0
    lines = [*map(exporting.entry_line, seals), *map(exporting.checkpoint_line, marks)]
    sink.append(Path(settings.AUDIT_LOG_PATH), lines)
    cursor.sequence = seals[-1].sequence if seals else cursor.sequence
    cursor.checkpoint = marks[-1].sequence if marks else cursor.checkpoint
    cursor.save(update_fields=["sequence", "checkpoint"])
    return len(lines)
