"""What must hold of the records of requests, also against whoever switched the constraints off."""

from core.invariants import rule

rule(
    "core.idempotency_completed_has_an_answer",
    "a request's record is completed exactly when it has an answer, and only then",
    """
    SELECT id::text AS id, environment_id, principal, state, status FROM core_idempotencyrecord
    WHERE (state = 'completed') <> (status IS NOT NULL)
       OR (state = 'completed') <> (completed_at IS NOT NULL)
       OR (state = 'completed' AND body = '' AND resource = '' AND status <> 204)
       OR (state = 'completed') <> (recovery_point = 'finished')
    """,
)
rule(
    "core.idempotency_no_failures_kept",
    "no failure of the house, of its guards or of the request's shape is ever kept as an answer",
    """
    SELECT id::text AS id, environment_id, principal, status FROM core_idempotencyrecord
    WHERE status IS NOT NULL AND NOT (status BETWEEN 200 AND 299 OR status IN (402, 404, 409, 410, 422))
    """,
)
rule(
    "core.idempotency_none_stuck",
    "no request has been under way for more than a day, or is one that nobody could finish",
    """
    SELECT id::text AS id, environment_id, principal, recovery_point, created_at FROM core_idempotencyrecord
    WHERE state = 'in_flight'
      AND (created_at < clock_timestamp() - interval '24 hours' OR locked_until IS NULL
           OR (recovery_point <> 'started' AND (effect = '' OR subject IS NULL)))
    """,
)
