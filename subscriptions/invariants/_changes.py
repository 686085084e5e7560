"""What must be true of every change that was scheduled."""

from core.invariants import rule
from subscriptions import states

_CLOCK = "COALESCE(e.clock_at, now()) - interval '1 hour'"

rule(
    "subscriptions.no_change_missed",
    "No scheduled change has been due for more than an hour on its environment's clock",
    f"""
    SELECT c.id::text AS id, c.environment_id, c.subscription_id::text AS subscription, c.effective_at
    FROM subscriptions_scheduledchange c JOIN core_environment e ON e.id = c.environment_id
    WHERE c.state = 'pending' AND c.effective_at < {_CLOCK}
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.changes_wait_for_the_living",
    "Nothing waits for a subscription that is over",
    f"""
    SELECT c.id::text AS id, c.environment_id, s.status FROM subscriptions_scheduledchange c
    JOIN subscriptions_subscription s ON s.id = c.subscription_id
    WHERE c.state = 'pending' AND s.status IN ({states.sql_list(states.TERMINAL)})
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.changes_are_billed_to_their_subscription",
    "The invoice of a scheduled change is one of its subscription's, and a change is replaced on its own subscription",
    """
    SELECT c.id::text AS id, c.environment_id, i.reference FROM subscriptions_scheduledchange c
    LEFT JOIN subscriptions_scheduledchange was ON was.id = c.replaces_id
    LEFT JOIN billing_invoice i ON i.id = c.invoice_id
    LEFT JOIN subscriptions_subscription s ON s.id = c.subscription_id
    WHERE (was.id IS NOT NULL AND was.subscription_id <> c.subscription_id)
      OR (i.id IS NOT NULL AND i.customer_id <> s.customer_id)
    """,
)
