"""What must be true of monthly recurring revenue, whoever wrote the rows."""

from core.invariants import rule

# Subscriptions whose whole history is told; the first lines of old ones have no snapshot.
_TOLD = """
(SELECT subscription_id FROM subscriptions_subscriptionevent WHERE number = 1 AND snapshot IS NOT NULL)
"""
# What each of them was worth after each line of its history, and before.
_WORTH = f"""
SELECT e.environment_id, e.subscription_id, e.number, e.at, s.currency, (e.snapshot ->> 'mrr')::numeric AS mrr,
  lag((e.snapshot ->> 'mrr')::numeric, 1, 0) OVER (PARTITION BY e.subscription_id ORDER BY e.number) AS before
FROM subscriptions_subscriptionevent e JOIN subscriptions_subscription s ON s.id = e.subscription_id
WHERE e.subscription_id IN {_TOLD}
"""  # noqa: S608 - a text of ours
# A customer's movements in a currency, one after the other, with what he was worth before each.
_CHAIN = """
SELECT m.*, sum(m.amount) OVER chain - m.amount AS before, sum(m.amount) OVER chain AS after,
  lag(m.number, 1, 0) OVER chain AS before_number
FROM subscriptions_mrrmovement m
WINDOW chain AS (PARTITION BY m.environment_id, m.customer_id, m.currency ORDER BY m.number)
"""

rule(
    "subscriptions.mrr_is_the_sum_of_its_movements",
    "What a subscription is worth in a month is the sum of its movements, and what its last line of history says",
    """
    SELECT s.id::text AS id, s.environment_id, s.mrr, m.moved, h.told
    FROM subscriptions_subscription s
    LEFT JOIN (
      SELECT subscription_id, sum(amount) AS moved FROM subscriptions_mrrmovement GROUP BY subscription_id
    ) m ON m.subscription_id = s.id
    LEFT JOIN LATERAL (
      SELECT (snapshot ->> 'mrr')::numeric AS told FROM subscriptions_subscriptionevent WHERE subscription_id = s.id
      ORDER BY number DESC LIMIT 1
    ) h ON true
    WHERE s.mrr <> COALESCE(m.moved, 0) OR s.mrr <> h.told
    """,
)
rule(
    "subscriptions.mrr_waterfall",
    "In each month and currency, what there was and what moved make what there is, counted from history",
    f"""
    SELECT COALESCE(h.currency, m.currency) AS id, COALESCE(h.environment_id, m.environment_id) AS environment_id,
      COALESCE(h.month, m.month) AS month, h.changed, m.moved
    FROM (
      SELECT environment_id, currency, date_trunc('month', at AT TIME ZONE 'UTC') AS month, sum(mrr - before) AS changed
      FROM ({_WORTH}) w GROUP BY 1, 2, 3
    ) h
    FULL JOIN (
      SELECT environment_id, currency, date_trunc('month', at AT TIME ZONE 'UTC') AS month, sum(amount) AS moved
      FROM subscriptions_mrrmovement WHERE subscription_id IN {_TOLD} GROUP BY 1, 2, 3
    ) m ON (m.environment_id, m.currency, m.month) = (h.environment_id, h.currency, h.month)
    WHERE COALESCE(h.changed, 0) <> COALESCE(m.moved, 0)
    """,  # noqa: S608 - a text of ours
)
rule(
    "subscriptions.mrr_movements_are_what_they_are_called",
    "A customer is new once, comes back from nothing, is gone when nothing is left, and is else worth more or less",
    f"""
    SELECT m.id::text AS id, m.environment_id, m.kind, m.number, m.before, m.after FROM ({_CHAIN}) m
    WHERE m.number <> m.before_number + 1 OR m.before < 0 OR m.after < 0
      OR (m.kind = 'new') <> (m.number = 1)
      OR (m.kind IN ('new', 'reactivation')) <> (m.before = 0)
      OR (m.kind = 'churn') <> (m.after = 0)
    """,  # noqa: S608 - a text of ours
)
rule(
    "subscriptions.mrr_movements_belong_to_their_line",
    "A movement is its subscription's and its customer's, in its currency, at the instant of its line of history",
    """
    SELECT m.id::text AS id, m.environment_id, m.subscription_id, e.subscription_id AS of_event
    FROM subscriptions_mrrmovement m
    JOIN subscriptions_subscriptionevent e ON e.id = m.event_id
    JOIN subscriptions_subscription s ON s.id = m.subscription_id
    WHERE (m.subscription_id, m.customer_id, m.currency, m.at)
      IS DISTINCT FROM (e.subscription_id, s.customer_id, s.currency, e.at)
    """,
)
