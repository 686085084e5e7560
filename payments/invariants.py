"""What must hold of money in motion, proved over the whole database."""

from core.invariants import rule

rule(
    "payments.refunds_within_payment",
    "refunds that have not failed never add up to more than was paid",
    """
    SELECT payment.id::text AS id, payment.environment_id, payment.amount_minor, sum(refund.amount_minor) AS refunds
    FROM payments_payment payment
    JOIN payments_refund refund ON refund.payment_id = payment.id AND refund.status <> 'failed'
    GROUP BY payment.id HAVING sum(refund.amount_minor) > payment.amount_minor
    """,
)
rule(
    "payments.refunded_is_the_sum",
    "a payment's refunded amount is the sum of its refunds that have succeeded, in its currency",
    """
    SELECT payment.id::text AS id, payment.environment_id, payment.refunded_minor
    FROM payments_payment payment
    LEFT JOIN payments_refund refund ON refund.payment_id = payment.id AND refund.status = 'succeeded'
    GROUP BY payment.id
    HAVING payment.refunded_minor <> COALESCE(sum(refund.amount_minor), 0)
        OR bool_or(refund.currency <> payment.currency)
    """,
)
rule(
    "payments.captured_by_one_attempt",
    "a payment has succeeded exactly when one attempt of it has, and never two",
    """
    SELECT payment.id::text AS id, payment.environment_id, payment.status, count(attempt.id) AS successes
    FROM payments_payment payment
    LEFT JOIN payments_paymentattempt attempt ON attempt.payment_id = payment.id AND attempt.status = 'succeeded'
    GROUP BY payment.id
    HAVING count(attempt.id) <>
        CASE WHEN payment.status IN ('succeeded', 'partially_refunded', 'refunded') THEN 1 ELSE 0 END
    """,
)
rule(
    "payments.processing_has_open_attempt",
    "a payment is processing exactly while an attempt of it is open",
    """
    SELECT payment.id::text AS id, payment.environment_id, payment.status
    FROM payments_payment payment
    WHERE (payment.status = 'processing') <> EXISTS (
        SELECT 1 FROM payments_paymentattempt attempt
        WHERE attempt.payment_id = payment.id AND attempt.finished_at IS NULL)
    """,
)
rule(
    "payments.open_is_looked_after",
    "what was asked and not answered will be looked at again, or a person has been asked for",
    """
    SELECT id::text AS id, environment_id FROM payments_paymentattempt
    WHERE finished_at IS NULL AND next_reconcile_at IS NULL AND NOT needs_review
    UNION ALL
    SELECT id::text AS id, environment_id FROM payments_refund
    WHERE finished_at IS NULL AND requested_at IS NOT NULL AND next_reconcile_at IS NULL AND NOT needs_review
    """,
)
rule(
    "payments.sandbox_agrees",
    "the sandbox gateway's book holds what our attempts have taken, and beyond it at most what is still open",
    """
    WITH ours AS (
        SELECT attempt.environment_id, payment.currency,
               sum(payment.amount_minor) FILTER (WHERE attempt.status = 'succeeded') AS taken,
               sum(payment.amount_minor) FILTER (WHERE attempt.finished_at IS NULL) AS open
        FROM payments_paymentattempt attempt JOIN payments_payment payment ON payment.id = attempt.payment_id
        WHERE attempt.gateway = 'sandbox' GROUP BY attempt.environment_id, payment.currency
    ), theirs AS (
        SELECT environment_id, currency, sum(amount_minor) AS taken
        FROM payments_sandboxcharge WHERE kind = 'charge' AND status = 'succeeded' GROUP BY environment_id, currency
    )
    SELECT COALESCE(ours.currency, theirs.currency)::text AS id,
           COALESCE(ours.environment_id, theirs.environment_id) AS environment_id,
           COALESCE(ours.taken, 0) AS ours, COALESCE(theirs.taken, 0) AS theirs
    FROM ours FULL JOIN theirs USING (environment_id, currency)
    WHERE COALESCE(theirs.taken, 0) NOT BETWEEN COALESCE(ours.taken, 0)
          AND COALESCE(ours.taken, 0) + COALESCE(ours.open, 0)
    """,
)
