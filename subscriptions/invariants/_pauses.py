"""What must be true of every pause, whoever wrote the rows."""

from core.invariants import rule
from subscriptions import states

rule(
    "subscriptions.pauses_are_stamped",
    "What rests has one pause under way, since the instant it says, and what will rest has one that has not begun",
    f"""
    SELECT s.id::text AS id, s.environment_id, s.status, s.paused_at, s.pauses_at, u.starts_at, u.began_at
    FROM subscriptions_subscription s
    LEFT JOIN subscriptions_subscriptionpause u
      ON u.subscription_id = s.id AND u.ended_at IS NULL AND u.withdrawn_at IS NULL
    WHERE (s.status = '{states.PAUSED}') <> (u.id IS NOT NULL AND u.began_at IS NOT NULL)
      OR (s.pauses_at IS NOT NULL) <> (u.id IS NOT NULL AND u.began_at IS NULL)
      OR (s.paused_at, s.resumes_at) IS DISTINCT FROM (
        CASE WHEN u.began_at IS NOT NULL THEN u.starts_at END, CASE WHEN u.began_at IS NOT NULL THEN u.until_at END)
    """,  # noqa: S608 - the words come from our own table
)
rule(
    "subscriptions.nothing_billed_in_a_pause",
    "Pauses of a subscription do not overlap, and no period begins inside one",
    """
    SELECT u.id::text AS id, u.environment_id, u.subscription_id, u.starts_at, u.ended_at
    FROM subscriptions_subscriptionpause u
    WHERE u.began_at IS NOT NULL AND (EXISTS (
        SELECT 1 FROM subscriptions_subscriptionperiod p WHERE p.subscription_id = u.subscription_id
          AND p.starts_at > u.starts_at AND (u.ended_at IS NULL OR p.starts_at < u.ended_at))
      OR EXISTS (
        SELECT 1 FROM subscriptions_subscriptionpause o WHERE o.subscription_id = u.subscription_id AND o.id <> u.id
          AND o.began_at IS NOT NULL AND tstzrange(o.starts_at, o.ended_at) && tstzrange(u.starts_at, u.ended_at)))
    """,
)
