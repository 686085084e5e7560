"""What the outbox writes in the transaction of every fact."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
from django.dispatch import receiver

from core import failpoints, tenancy
from core.events import Published, occurred
from core.tenancy.writes import later_insertion
from jobs import services as jobs

# One statement however many facts: each aggregate's row is locked, in the order of the subjects, and moved on by as
# many versions as it has facts here. The numbers of the rows are drawn under that lock, so that of one aggregate they
# grow with its versions. A roll-back gives the versions back. How many facts each subject has is counted before.
_DRAWN = """
    INSERT INTO outbox_aggregate AS aggregate (id, environment_id, subject, version)
    SELECT id, %s::uuid, subject, facts
    FROM json_to_recordset(%s::json) AS told (id uuid, subject text, facts bigint) ORDER BY subject
    ON CONFLICT (environment_id, subject) DO UPDATE SET version = aggregate.version + EXCLUDED.version
    RETURNING subject, version
"""
_INSERT = """
    INSERT INTO outbox_outboxevent (environment_id, event_id, type, version, subject, aggregate_version, actor, at,
                                    request_id, data, created_at)
    SELECT %s::uuid, event_id, type, told.version, subject, drawn.version - told.later, actor, at,
           request_id, data, created_at
    FROM json_to_recordset(%s::json) AS told (
           event_id uuid, type text, version smallint, subject text, later bigint, actor text, at timestamptz,
           request_id text, data jsonb, created_at timestamptz, place bigint)
    JOIN drawn USING (subject) ORDER BY place
"""


@receiver(occurred, dispatch_uid="outbox.record")
def record(*, facts: Sequence[Published], **_: Any) -> None:
    """This receiver will store the facts beside the changes they speak of, and wake the relay after the commit.

    They travel with the last statement of the transaction.
    """
    here = tenancy.environment_id()
    aggregates, told = _told(facts)
    later_insertion("outbox_outboxevent", _INSERT, [here, aggregates, here, told], named=(("drawn", _DRAWN),))
    if __debug__:
        failpoints.reach("outbox.recorded")
    jobs.nudge_relay()


def _told(facts: Sequence[Published]) -> tuple[str, str]:
    """The subjects, by their first fact; and the facts in order, each with how many of its subject come later."""
    later = Counter(fact.event.subject for fact in facts)
    aggregates = {fact.event.subject: fact.event_id for fact in reversed(facts)}
    heads = [{"id": first, "subject": subject, "facts": later[subject]} for subject, first in aggregates.items()]
    rows = []
    for place, fact in enumerate(facts):
        later[fact.event.subject] -= 1
        rows.append(_row(fact) | {"place": place, "later": later[fact.event.subject]})
    return orjson.dumps(heads).decode(), orjson.dumps(rows).decode()


def _row(fact: Published) -> dict[str, Any]:
    event = fact.event
    return {
        "event_id": fact.event_id, "type": event.type, "version": event.version, "subject": event.subject,
        "actor": event.actor, "at": event.at, "request_id": fact.request.request_id,
        "data": fact.data, "created_at": fact.at,
    }  # fmt: skip
