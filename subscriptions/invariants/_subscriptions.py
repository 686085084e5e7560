"""What must be true of every subscription, whoever wrote the rows."""

from core.invariants import rule
from subscriptions import states

# The boundary of a period's cycle at which it ends, on its customer's wall clock; PostgreSQL clamps to the last day of
# a month too. With the calendar's alignment it is a midnight, whatever the clocks did to the anchor's.
_ENDS = """
(CASE p.alignment WHEN 'calendar' THEN date_trunc('day', p.anchor_at AT TIME ZONE p.timezone)
 ELSE p.anchor_at AT TIME ZONE p.timezone END + make_interval(
  months => CASE p.interval WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'half_year' THEN 6 WHEN 'year' THEN 12
            ELSE 0 END * p.interval_count * p.boundary,
  days => CASE p.interval WHEN 'day' THEN 1 WHEN 'week' THEN 7 ELSE 0 END * p.interval_count * p.boundary))
"""
_PERIODS = """
SELECT p.*, lag(p.ends_at) OVER chain AS before_ends_at, lag(p.starts_at) OVER chain AS before_starts_at,
  lag(p.number) OVER chain AS before_number
FROM subscriptions_subscriptionperiod p
WINDOW chain AS (PARTITION BY p.subscription_id ORDER BY p.number)
"""
# By how much the pauses in a period of a subscription have lengthened it.
_RESTED = """
make_interval(secs => COALESCE((
  SELECT sum(extract(epoch FROM u.given_back)) FROM subscriptions_subscriptionpause u
  WHERE u.subscription_id = p.subscription_id AND u.period_number = {number}), 0)::double precision)
"""
# After a pause that is not given back a period begins where it ends, at an anchor of its own.
_RESTARTS = """
(p.boundary = 1 AND p.starts_at = p.anchor_at AND EXISTS (
  SELECT 1 FROM subscriptions_subscriptionpause u
  WHERE u.subscription_id = p.subscription_id AND u.period_number = p.before_number AND u.policy = 'restart'
    AND u.ended_at = p.starts_at))
"""
# A new anchor breaks the period before off: a whole period begins there, or a change has let a short one begin. At the
# instant at which the one before began, only as many changes as there are such periods can have replaced it.
_BREAKS_OFF = """
(p.starts_at > p.before_starts_at AND ((p.boundary = 1 AND p.starts_at = p.anchor_at) OR EXISTS (
  SELECT 1 FROM subscriptions_subscriptionevent e
  WHERE e.subscription_id = p.subscription_id AND e.type = 'changed' AND e.effective_at = p.starts_at))
 OR p.starts_at = p.before_starts_at AND (
  SELECT count(*) FROM subscriptions_subscriptionevent e
  WHERE e.subscription_id = p.subscription_id AND e.effective_at = p.starts_at
    AND e.type IN ('changed', 'version_changed', 'addon_added', 'addon_removed')) >= (
  SELECT count(*) FROM subscriptions_subscriptionperiod o
  WHERE o.subscription_id = p.subscription_id AND o.starts_at = p.starts_at AND o.number < p.number))
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
    "Periods touch but for pauses, are numbered from 0, and end at the boundaries counted from their anchor",
    f"""
    SELECT p.id::text AS id, p.environment_id, p.number, p.starts_at, p.ends_at
    FROM ({_PERIODS}) p JOIN subscriptions_subscription s ON s.id = p.subscription_id
    WHERE p.number <> COALESCE(p.before_number + 1, 0)
      OR (p.starts_at <> p.before_ends_at + {_RESTED.format(number="p.before_number")}
          AND NOT ({_BREAKS_OFF} AND p.starts_at < p.before_ends_at + {_RESTED.format(number="p.before_number")})
          AND NOT {_RESTARTS})
      OR (p.before_ends_at IS NULL AND p.starts_at < s.starts_at)
      OR (p.boundary <> 0 AND p.ends_at <> ({_ENDS}) AT TIME ZONE p.timezone
          AND p.ends_at AT TIME ZONE p.timezone <> ({_ENDS}))
      OR (p.boundary = 0 AND p.ends_at <> p.anchor_at)
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.current_period_is_last_begun",
    "The current period is the last one that was begun, with what pauses in it have given back",
    f"""
    SELECT s.id::text AS id, s.environment_id, s.period_index, p.number FROM subscriptions_subscription s
    LEFT JOIN LATERAL (
      SELECT subscription_id, number, starts_at, ends_at FROM subscriptions_subscriptionperiod
      WHERE subscription_id = s.id ORDER BY number DESC LIMIT 1
    ) p ON true
    WHERE p.number IS DISTINCT FROM s.period_index
      OR (p.number IS NOT NULL AND (p.starts_at, p.ends_at + {_RESTED.format(number="p.number")})
          IS DISTINCT FROM (s.period_starts_at, s.period_ends_at))
      OR (s.given_back IS NOT NULL AND s.period_ends_at - s.given_back <> p.ends_at)
    """,  # noqa: S608 - the words come from our own table
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
    "subscriptions.addons_do_not_overlap",
    "A subscription has a recurring add-on once at a time",
    """
    SELECT a.id::text AS id, a.environment_id, a.subscription_id, a.addon_id, a.added_at, a.removed_at
    FROM subscriptions_subscriptionaddon a JOIN subscriptions_subscriptionaddon b
      ON b.subscription_id = a.subscription_id AND b.addon_id = a.addon_id AND b.id <> a.id
      AND a.kind = 'recurring' AND b.kind = 'recurring'
      AND tstzrange(a.added_at, a.removed_at) && tstzrange(b.added_at, b.removed_at)
    """,
)
rule(
    "subscriptions.lines_follow_the_version",
    "What a plan charges a subscription for is priced by the version in force when it was used, begun or bought",
    """
    SELECT l.id::text AS id, l.environment_id, i.reference, l.period_starts_at, p.version_id
    FROM billing_invoiceline l
    JOIN billing_invoice i ON i.id = l.invoice_id AND i.reference LIKE 'sub!_%' ESCAPE '!' AND i.state <> 'draft'
    JOIN catalog_price p ON p.id = (l.basis ->> 'price_id')::uuid AND p.version_id IS NOT NULL
    JOIN subscriptions_subscriptionperiod r ON r.invoice_id = i.id
    WHERE l.amount_minor > 0 AND l.period_starts_at IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM (
        SELECT e.plan_version_id, e.effective_at, e.at,
          lead(e.effective_at) OVER (ORDER BY e.number) AS until, lead(e.at) OVER (ORDER BY e.number) AS known_until
        FROM subscriptions_subscriptionevent e WHERE e.subscription_id = r.subscription_id
      ) h
      WHERE (h.plan_version_id IS NULL OR h.plan_version_id = p.version_id)
        AND ((h.effective_at <= l.period_starts_at AND (h.until IS NULL OR h.until >= l.period_starts_at))
          OR (h.at <= i.created_at AND (h.known_until IS NULL OR h.known_until >= i.created_at)))
    )
    """,
)
rule(
    "subscriptions.migrations_count_their_items",
    "A migration's numbers are those of its lines, and it is done when none is left",
    """
    SELECT m.id::text AS id, m.environment_id, m.state, m.total, m.done, m.failed, m.skipped
    FROM subscriptions_versionmigration m
    LEFT JOIN LATERAL (
      SELECT count(*) AS total, count(*) FILTER (WHERE state = 'done') AS done,
        count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'skipped') AS skipped
      FROM subscriptions_versionmigrationitem WHERE migration_id = m.id
    ) i ON true
    WHERE (m.total, m.done, m.failed, m.skipped) <> (i.total, i.done, i.failed, i.skipped)
      OR (m.state = 'done' AND i.total <> i.done + i.failed + i.skipped)
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
      OR (s.status IN ({states.sql_list(states.RENEWING)}) AND (s.ends_at < {_CLOCK} OR s.pauses_at < {_CLOCK}))
      OR (s.status = '{states.PAUSED}' AND s.resumes_at < {_CLOCK})
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.past_due_is_followed_up",
    "What a past due subscription owes for its periods since a decline has a dunning case, within the hour",
    f"""
    SELECT s.id::text AS id, s.environment_id, i.number AS invoice, i.last_failure_code
    FROM subscriptions_subscription s
    JOIN core_environment e ON e.id = s.environment_id
    JOIN subscriptions_subscriptionperiod p ON p.subscription_id = s.id
    JOIN billing_invoice i ON i.id = p.invoice_id AND i.state = 'open' AND i.last_failure_code <> ''
    WHERE s.status = '{states.PAST_DUE}' AND i.issued_at < {_CLOCK}
      AND NOT EXISTS (SELECT 1 FROM billing_dunningcase c WHERE c.invoice_id = i.id)
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.suspended_while_past_due",
    "Access is suspended of what is past due, and stays so where that rests or is over",
    f"""
    SELECT s.id::text AS id, s.environment_id, s.status, s.suspended_at FROM subscriptions_subscription s
    WHERE s.suspended_at IS NOT NULL
      AND s.status NOT IN ({states.sql_list((states.PAST_DUE, *states.TERMINAL))})
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
