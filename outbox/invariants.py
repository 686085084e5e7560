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
