"""The outbox's rules."""

from core.invariants import rule

rule(
    "outbox.sequence_dense",
    "every environment's facts are numbered from 1 without a gap",
    """SELECT counter.environment_id::text AS id, counter.environment_id, counter.last, count(event.id) AS facts
       FROM outbox_sequence counter
       LEFT JOIN outbox_outboxevent event
         ON event.environment_id = counter.environment_id AND event.sequence IS NOT NULL
       GROUP BY counter.environment_id, counter.last
       HAVING counter.last <> count(event.id) OR counter.last <> COALESCE(max(event.sequence), 0)""",
)
rule(
    "outbox.subject_order",
    "facts about one thing are numbered in the order in which they were written",
    """SELECT event_id::text AS id, environment_id, subject, sequence FROM (
         SELECT *, lag(sequence) OVER (PARTITION BY environment_id, subject ORDER BY id) AS before
         FROM outbox_outboxevent WHERE sequence IS NOT NULL) ordered
       WHERE before > sequence""",
)
rule(
    "outbox.versions_contiguous",
    "the facts about one thing have the versions from 1 without a gap, and their aggregate knows the last one",
    """SELECT COALESCE(aggregate.id, told.first)::text AS id,
              COALESCE(aggregate.environment_id, told.environment_id) AS environment_id,
              COALESCE(aggregate.subject, told.subject) AS subject, aggregate.version, told.facts, told.last
       FROM outbox_aggregate aggregate FULL JOIN (
         SELECT environment_id, subject, (array_agg(event_id))[1] AS first, count(*) AS facts,
                max(aggregate_version) AS last
         FROM outbox_outboxevent GROUP BY environment_id, subject) told
         ON told.environment_id = aggregate.environment_id AND told.subject = aggregate.subject
       WHERE aggregate.version IS DISTINCT FROM told.facts OR aggregate.version IS DISTINCT FROM told.last""",
)
rule(
    "outbox.version_order",
    "facts about one thing are numbered in the order of their versions",
    """SELECT event_id::text AS id, environment_id, subject, sequence FROM (
         SELECT *, lag(sequence) OVER (PARTITION BY environment_id, subject ORDER BY aggregate_version) AS before
         FROM outbox_outboxevent WHERE sequence IS NOT NULL) ordered
       WHERE before > sequence""",
)
rule(
    "outbox.nothing_stuck",
    "every fact gets its place in the order within ten minutes",
    """SELECT event.event_id::text AS id, event.environment_id, event.type FROM outbox_outboxevent event
       JOIN core_environment environment ON environment.id = event.environment_id
       WHERE event.sequence IS NULL AND environment.advancing_to IS NULL
         AND event.created_at < clock_timestamp() - interval '10 minutes'""",
)
rule(
    "outbox.every_recorded_fact_is_there",
    "every fact that the audit log has an entry for is in the outbox, about the same thing",
    """SELECT entry.event_id::text AS id, entry.environment_id, entry.action FROM audit_entry entry
       LEFT JOIN outbox_outboxevent event
         ON event.environment_id = entry.environment_id AND event.event_id = entry.event_id
       WHERE entry.event_id IS NOT NULL
         AND (event.id IS NULL OR (event.type, event.subject) <> (entry.action, entry.target))""",
)
# Receipts and jobs are purged after a while; what is recent still has both. The fact is found as a UUID: as a text each
# job would be held against every fact.
rule(
    "outbox.handled_once",
    "whoever was given a fact has a receipt of it, or of a later one about the same thing",
    """SELECT job.id::text AS id, job.environment_id, job.key FROM jobs_job job
       LEFT JOIN outbox_outboxevent event
         ON event.environment_id = job.environment_id AND event.event_id = CASE
              WHEN job.payload ->> 'event' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
              THEN (job.payload ->> 'event')::uuid END
       WHERE job.kind = 'outbox.handle' AND job.state = 'succeeded'
         AND job.finished_at > clock_timestamp() - interval '1 day'
         AND NOT EXISTS (
           SELECT 1 FROM outbox_receipt receipt
           WHERE receipt.environment_id = job.environment_id AND receipt.subject = event.subject
             AND receipt.consumer = (job.payload ->> 'handler') || COALESCE('#' || (job.payload ->> 'again'), '')
             AND receipt.aggregate_version >= event.aggregate_version)""",
)
rule(
    "outbox.handled_in_order",
    "each handler has dealt with the facts about one thing in the order of their versions",
    """SELECT id::text, environment_id, consumer, subject FROM (
         SELECT *, lag(aggregate_version) OVER sequence AS before FROM outbox_receipt
         WINDOW sequence AS (PARTITION BY environment_id, consumer, subject ORDER BY at, id)) ordered
       WHERE before >= aggregate_version""",
)
