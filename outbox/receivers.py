"""What the outbox writes in the transaction of every fact."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection
from django.dispatch import receiver

from core import failpoints, tenancy
from core.events import Published, occurred
from jobs import services as jobs

# One statement however many facts: each aggregate's row is locked, in the order of the subjects, and moved on by as
# many versions as it has facts here. The numbers of the rows are drawn under that lock, so that of one aggregate they
# grow with its versions. A roll-back gives the versions back.
_INSERT = """
    WITH told AS (
      SELECT * FROM ROWS FROM (json_to_recordset(%(facts)s::json) AS (
               event_id uuid, type text, version smallint, subject text, actor text, at timestamptz, request_id text,
               data jsonb, created_at timestamptz))
           WITH ORDINALITY AS fact (event_id, type, version, subject, actor, at, request_id, data, created_at, place)),
    counted AS (
      SELECT subject, count(*) AS facts, (array_agg(event_id ORDER BY place))[1] AS first FROM told GROUP BY subject),
    drawn AS (
      INSERT INTO outbox_aggregate AS aggregate (id, environment_id, subject, version)
      SELECT first, %(environment)s::uuid, subject, facts FROM counted ORDER BY subject
      ON CONFLICT (environment_id, subject) DO UPDATE SET version = aggregate.version + EXCLUDED.version
      RETURNING subject, version)
    INSERT INTO outbox_outboxevent (environment_id, event_id, type, version, subject, aggregate_version, actor, at,
                                    request_id, data, created_at)
    SELECT %(environment)s::uuid, event_id, type, told.version, subject,
           drawn.version - facts + row_number() OVER (PARTITION BY subject ORDER BY place),
           actor, at, request_id, data, created_at
    FROM told JOIN counted USING (subject) JOIN drawn USING (subject) ORDER BY place
"""


@receiver(occurred, dispatch_uid="outbox.record")
def record(*, facts: Sequence[Published], **_: Any) -> None:
    """This receiver will store the facts beside the changes they speak of, and wake the relay after the commit."""
    told = orjson.dumps([_row(fact) for fact in facts]).decode()
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {"facts": told, "environment": tenancy.environment_id()})
        if __debug__:
            failpoints.reach("outbox.recorded")
    jobs.nudge_relay()


def _row(fact: Published) -> dict[str, Any]:
    event = fact.event
    return {
        "event_id": fact.event_id, "type": event.type, "version": event.version, "subject": event.subject,
        "actor": event.actor, "at": event.at, "request_id": fact.request.request_id,
        "data": fact.data, "created_at": fact.at,
    }  # fmt: skip
