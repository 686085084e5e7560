"""The gifts' rules."""

from core.invariants import rule

rule(
    "gifts.redeemed_once",
    "a gift is redeemed exactly when one subscription or extension came of it",
    """SELECT gift.id::text, gift.environment_id, gift.status, count(term.id) AS terms FROM gifts_gift gift
       LEFT JOIN subscriptions_extension term
         ON term.environment_id = gift.environment_id
        AND term.source = public_id('gft', gift.id)
       GROUP BY gift.id
       HAVING (gift.status = 'redeemed') <> (count(term.id) = 1)""",
)
rule(
    "gifts.redeemed_in_time",
    "no gift was redeemed after its expiry",
    """SELECT id::text, environment_id, redeemed_at, expires_at FROM gifts_gift
       WHERE redeemed_at IS NOT NULL AND redeemed_at >= expires_at""",
)
