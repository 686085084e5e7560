"""The rules of dunning."""

from core.invariants import rule

_CLOCK = "COALESCE(e.clock_at, now()) - interval '1 hour'"

rule(
    "billing.dunning_in_time",
    "No retry, end of grace or end of a case has been due for more than an hour on its environment's clock",
    f"""
    SELECT c.id::text AS id, c.environment_id, c.next_attempt_at, c.grace_until, c.ends_at
    FROM billing_dunningcase c JOIN core_environment e ON e.id = c.environment_id
    WHERE c.state = 'open' AND (c.next_attempt_at < {_CLOCK} OR c.ends_at < {_CLOCK}
      OR (c.grace_ended_at IS NULL AND c.grace_until < {_CLOCK}))
    """,  # noqa: S608 - the words are our own
)
rule(
    "billing.dunning_keeps_to_its_schedule",
    "No case has more retries than its schedule, and each scheduled attempt was counted",
    """
    SELECT c.id::text AS id, c.environment_id, c.attempts, cardinality(c.days) AS planned, count(s.id) AS made
    FROM billing_dunningcase c LEFT JOIN billing_dunningstep s ON s.case_id = c.id AND s.kind = 'scheduled'
    GROUP BY c.id HAVING c.attempts > cardinality(c.days) OR count(s.id) > c.attempts
    """,
)
rule(
    "billing.dunning_goes_on",
    "An open case has a next retry or an end, or waits for the answer to an attempt",
    """
    SELECT c.id::text AS id, c.environment_id, c.attempts FROM billing_dunningcase c
    WHERE c.state = 'open' AND c.next_attempt_at IS NULL AND c.ends_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM billing_dunningstep s WHERE s.case_id = c.id AND s.outcome = 'requested')
    """,
)
rule(
    "billing.dunning_follows_its_invoice",
    "A case is over in the way in which its invoice is, and not before",
    """
    SELECT c.id::text AS id, c.environment_id, c.state, i.state AS invoice_state
    FROM billing_dunningcase c JOIN billing_invoice i ON i.id = c.invoice_id
    WHERE NOT ((c.state IN ('open', 'exhausted') AND i.state = 'open') OR (c.state = 'recovered' AND i.state = 'paid')
      OR (c.state = 'written_off' AND i.state = 'uncollectible')
      OR (c.state = 'stopped' AND i.state IN ('void', 'paid')))
      OR c.customer_id <> i.customer_id OR c.currency <> i.currency
    """,
)
rule(
    "billing.dunning_knows_its_answers",
    "A step knows what came of its payment within the hour, and knows nothing else",
    f"""
    SELECT s.id::text AS id, s.environment_id, s.outcome, p.status FROM billing_dunningstep s
    JOIN core_environment e ON e.id = s.environment_id JOIN payments_payment p ON p.id = s.payment_id
    WHERE (s.outcome = 'requested' AND p.settled_at < {_CLOCK})
      OR (s.outcome = 'succeeded' AND p.status NOT IN ('succeeded', 'partially_refunded', 'refunded'))
      OR (s.outcome = 'canceled' AND p.status <> 'canceled')
    """,  # noqa: S608 - the words are our own
)
