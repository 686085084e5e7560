"""The audit log's rules that a query can prove; `manage.py verify_audit` proves the signatures."""

from core.invariants import rule

rule(
    "audit.every_fact_is_recorded",
    "every fact has its entry in the audit log",
    """SELECT event.event_id::text AS id, event.environment_id, event.type FROM outbox_outboxevent event
       LEFT JOIN audit_entry entry
         ON entry.event_id = event.event_id AND entry.environment_id = event.environment_id
       WHERE entry.id IS NULL""",
)
rule(
    "audit.sealed_in_time",
    "every entry gets its place in the chain within a minute",
    """SELECT entry.id::text, entry.environment_id, entry.action FROM audit_entry entry
       LEFT JOIN audit_seal seal ON seal.entry_id = entry.id
       WHERE seal.id IS NULL AND entry.at < clock_timestamp() - interval '10 minutes'""",
)
