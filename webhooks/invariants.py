"""What must hold over all deliveries, for `manage.py check_invariants`."""

from core.invariants import rule

rule(
    "webhooks.disabled_get_none",
    "no attempt begins after its endpoint was disabled",
    """
    SELECT a.id::text AS id, a.environment_id, a.at, e.disabled_at
    FROM webhooks_deliveryattempt a
    JOIN webhooks_delivery d ON d.id = a.delivery_id JOIN webhooks_endpoint e ON e.id = d.endpoint_id
    WHERE e.state = 'disabled' AND a.at > e.disabled_at + interval '1 minute'
    """,
)
rule(
    "webhooks.disabled_wait_for_none",
    "nothing waits to be sent to a disabled endpoint",
    """
    SELECT d.id::text AS id, d.environment_id, d.state
    FROM webhooks_delivery d JOIN webhooks_endpoint e ON e.id = d.endpoint_id
    WHERE e.state = 'disabled' AND d.state IN ('pending', 'failed')
    """,
)
rule(
    "webhooks.succeeded_was_accepted",
    "a delivery has succeeded if, and only if, an attempt of it was accepted",
    """
    SELECT d.id::text AS id, d.environment_id, d.state
    FROM webhooks_delivery d
    WHERE (d.state = 'succeeded')
       <> EXISTS (SELECT 1 FROM webhooks_deliveryattempt a WHERE a.delivery_id = d.id AND a.error = '')
    """,
)
rule(
    "webhooks.attempts_counted",
    "no attempt has a number that its delivery has not counted",
    """
    SELECT a.id::text AS id, a.environment_id, a.number, d.attempts_made
    FROM webhooks_deliveryattempt a JOIN webhooks_delivery d ON d.id = a.delivery_id
    WHERE a.number < 1 OR a.number > d.attempts_made
    """,
)
rule(
    "webhooks.waiting_has_job",
    "a delivery that waits has a job that will make it, or a dead letter that says why not",
    """
    SELECT d.id::text AS id, d.environment_id, d.state
    FROM webhooks_delivery d
    WHERE d.state IN ('pending', 'failed') AND NOT EXISTS (
        SELECT 1 FROM jobs_job j WHERE j.environment_id = d.environment_id AND j.kind = 'webhooks.deliver'
          AND j.key = d.id::text AND j.state IN ('pending', 'failed', 'running', 'dead'))
    """,
)
