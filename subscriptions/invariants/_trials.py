"""What must be true of every trial, whoever wrote the rows."""

from core.invariants import rule
from subscriptions import states

rule(
    "subscriptions.trials_are_noted",
    "What a trial that runs is of (a family, or a plan without one) is noted as tried by its customer",
    f"""
    SELECT s.id::text AS id, s.environment_id, s.customer_id, s.family, s.plan_id
    FROM subscriptions_subscription s
    WHERE s.status = '{states.TRIALING}'
      AND EXISTS (
        SELECT 1 FROM subscriptions_subscriptionevent e WHERE e.subscription_id = s.id AND e.plan_id = s.plan_id
          AND (e.old_status <> s.status OR e.effective_at < s.trial_ends_at))
      AND NOT EXISTS (
        SELECT 1 FROM subscriptions_trialuse u
        WHERE u.environment_id = s.environment_id AND u.kind = 'customer'
          AND u.scope = COALESCE('family:' || s.family, 'plan:' || s.plan_id)
          AND u.digest = encode(sha256(convert_to('customer:' || s.customer_id, 'UTF8')), 'hex'))
    """,  # noqa: S608 - the words come from our own table
)
