"""What must be true of every subscription, whoever wrote the rows."""

from core.invariants import rule
from subscriptions import states

# Boundary n of a subscription's cycle on its customer's wall clock; PostgreSQL clamps to the last day of a month too.
_WALL = """
((s.anchor_at AT TIME ZONE s.timezone) + make_interval(
  months => CASE s.interval WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'half_year' THEN 6 WHEN 'year' THEN 12
            ELSE 0 END * s.interval_count * ({number}),
  days => CASE s.interval WHEN 'day' THEN 1 WHEN 'week' THEN 7 ELSE 0 END * s.interval_count * ({number})))
"""
_ENDS = _WALL.format(number="p.number + 1")
_PERIODS = """
SELECT p.*, lag(p.ends_at) OVER chain AS before_ends_at, lag(p.number) OVER chain AS before_number
FROM subscriptions_subscriptionperiod p
WINDOW chain AS (PARTITION BY p.subscription_id ORDER BY p.starts_at)
"""
_CLOCK = "COALESCE(e.clock_at, now()) - interval '1 hour'"

rule(
    "subscriptions.one_live_per_family",
    "A customer has at most one live subscription per family",
    f"""
    SELECT min(id::text) AS id, environment_id, customer_id, family, count(*) AS live
    FROM subscriptions_subscription WHERE family IS NOT NULL AND status IN ({states.sql_list(states.LIVE)})
    GROUP BY environment_id, customer_id, family HAVING count(*) > 1
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.status_is_last_event",
    "A subscription's state and version are those of the last line of its history",
    """
    SELECT s.id::text AS id, s.environment_id, s.status, s.version, h.new_status, h.number
    FROM subscriptions_subscription s
    LEFT JOIN LATERAL (
      SELECT new_status, number FROM subscriptions_subscriptionevent WHERE subscription_id = s.id
      ORDER BY number DESC LIMIT 1
    ) h ON true
    WHERE h.number IS DISTINCT FROM s.version OR h.new_status IS DISTINCT FROM s.status
    """,
)
rule(
    "subscriptions.history_is_legal",
    "History is numbered without gaps, each line begins where the last ended, and only as the state table allows",
    f"""
    SELECT h.id::text AS id, h.environment_id, h.number, h.old_status, h.new_status FROM (
      SELECT *, COALESCE(lag(new_status) OVER chain, '') AS was, COALESCE(lag(number) OVER chain, 0) AS before
      FROM subscriptions_subscriptionevent WINDOW chain AS (PARTITION BY subscription_id ORDER BY number)
    ) h
    WHERE h.number <> h.before + 1 OR h.old_status <> h.was
      OR (h.old_status = '' AND h.new_status NOT IN ({states.sql_list(states.TRANSITIONS[states.NEW])}))
      OR (h.old_status NOT IN ('', h.new_status) AND (h.old_status, h.new_status) NOT IN ({states.sql_pairs()}))
      OR h.old_status IN ({states.sql_list(states.TERMINAL)})
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.periods_follow_anchor",
    "Periods touch, are numbered from 0, and end at the boundaries counted from the original anchor",
    f"""
    SELECT p.id::text AS id, p.environment_id, p.number, p.starts_at, p.ends_at
    FROM ({_PERIODS}) p JOIN subscriptions_subscription s ON s.id = p.subscription_id
    WHERE p.starts_at IS DISTINCT FROM COALESCE(p.before_ends_at, s.anchor_at)
      OR p.number <> COALESCE(p.before_number + 1, 0)
      OR NOT (p.ends_at = ({_ENDS}) AT TIME ZONE s.timezone OR p.ends_at AT TIME ZONE s.timezone = ({_ENDS}))
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.current_period_is_last_begun",
    "The current period is the last one that was begun",
    """
    SELECT s.id::text AS id, s.environment_id, s.period_index, p.number FROM subscriptions_subscription s
    LEFT JOIN LATERAL (
      SELECT number, starts_at, ends_at FROM subscriptions_subscriptionperiod WHERE subscription_id = s.id
      ORDER BY number DESC LIMIT 1
    ) p ON true
    WHERE p.number IS DISTINCT FROM s.period_index
      OR (p.number IS NOT NULL AND (p.starts_at, p.ends_at) IS DISTINCT FROM (s.period_starts_at, s.period_ends_at))
    """,
)
rule(
    "subscriptions.one_invoice_per_period",
    "A period has one invoice of its own, for exactly its span",
    """
    SELECT p.id::text AS id, p.environment_id, p.number, i.number AS invoice FROM subscriptions_subscriptionperiod p
    JOIN billing_invoice i ON i.id = p.invoice_id
    WHERE (i.period_starts_at, i.period_ends_at) IS DISTINCT FROM (p.starts_at, p.ends_at)
      OR EXISTS (
        SELECT 1 FROM subscriptions_subscriptionperiod other
        WHERE other.id <> p.id AND (other.invoice_id = p.invoice_id
          OR (other.subscription_id = p.subscription_id AND other.number = p.number))
      )
    """,
)
rule(
    "subscriptions.nothing_billed_after_the_end",
    "No period begins after the end of its subscription, nor at an end that was set before",
    """
    SELECT p.id::text AS id, p.environment_id, p.number, p.starts_at, s.ended_at
    FROM subscriptions_subscriptionperiod p JOIN subscriptions_subscription s ON s.id = p.subscription_id
    WHERE p.starts_at > s.ended_at OR p.starts_at >= s.cancel_at OR p.starts_at >= s.ends_at
    """,
)
rule(
    "subscriptions.extensions_do_not_overlap",
    "A period is bought ahead at most once",
    """
    SELECT a.id::text AS id, a.environment_id, a.first_period, a.intervals, b.id::text AS other
    FROM subscriptions_extension a JOIN subscriptions_extension b
      ON b.subscription_id = a.subscription_id AND b.id > a.id
      AND b.first_period < a.first_period + a.intervals AND a.first_period < b.first_period + b.intervals
    """,
)
rule(
    "subscriptions.nothing_due_missed",
    "Nothing has been due for more than an hour on its environment's clock",
    f"""
    SELECT s.id::text AS id, s.environment_id, s.status, s.renews_at, s.trial_ends_at, s.cancel_at, s.ends_at
    FROM subscriptions_subscription s JOIN core_environment e ON e.id = s.environment_id
    WHERE (s.status IN ({states.sql_list(states.RENEWING)}) AND s.renews_at < {_CLOCK})
      OR (s.status = '{states.TRIALING}' AND s.trial_ends_at < {_CLOCK})
      OR (s.status = '{states.SCHEDULED}' AND s.starts_at < {_CLOCK})
      OR (s.status = '{states.INCOMPLETE}' AND s.unpaid_deadline_at < {_CLOCK})
      OR (s.status IN ({states.sql_list(states.LIVE)}) AND s.cancel_at < {_CLOCK})
      OR (s.status IN ({states.sql_list(states.LIVE)}) AND s.ends_at < {_CLOCK})
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.terminal_is_stamped",
    "What is over says since when, and nothing else does",
    f"""
    SELECT id::text AS id, environment_id, status, ended_at FROM subscriptions_subscription
    WHERE (status IN ({states.sql_list(states.TERMINAL)})) <> (ended_at IS NOT NULL)
    """,  # noqa: S608 - the words come from our own table
)
