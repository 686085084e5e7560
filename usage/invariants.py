"""What must always hold of usage, over all environments."""

from core import invariants

invariants.rule(
    "usage.counter_within_hard_limit",
    "no counter is above the hard limit it was used under, or below zero",
    """
    SELECT id::text AS id, environment_id, feature, used, hard_limit
    FROM usage_usagecounter
    WHERE used < 0 OR used > hard_limit
    """,
)

invariants.rule(
    "usage.event_has_one_id",
    "events and the ids that guard them correspond one to one",
    """
    SELECT coalesce(event.id, guard.id)::text AS id, coalesce(event.environment_id, guard.environment_id)
        AS environment_id, coalesce(event.event_id, guard.event_id) AS event_id
    FROM usage_usageevent event FULL JOIN usage_eventid guard USING (id)
    WHERE event.id IS NULL OR guard.id IS NULL OR event.event_id <> guard.event_id
        OR event.environment_id <> guard.environment_id OR event."timestamp" <> guard."timestamp"
    UNION ALL
    SELECT min(id::text), environment_id, event_id
    FROM usage_usageevent GROUP BY environment_id, event_id HAVING count(*) > 1
    """,
)

invariants.rule(
    "usage.event_has_a_meter",
    "every event belongs to a meter and a customer of its own environment",
    """
    SELECT event.id::text AS id, event.environment_id, event.event_id
    FROM usage_usageevent event
    LEFT JOIN usage_meter meter ON meter.id = event.meter_id AND meter.environment_id = event.environment_id
    LEFT JOIN accounts_customer customer
        ON customer.id = event.customer_id AND customer.environment_id = event.environment_id
    WHERE meter.id IS NULL OR customer.id IS NULL
    """,
)
