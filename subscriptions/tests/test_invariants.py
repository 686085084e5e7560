"""Every rule sees the damage it is for, and none sees any where there is none."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import invariants
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    make_addon,
    make_customer,
    make_plan,
    monthly,
    publish_prices,
    subscribe,
)
from tests.fixtures import NOW, do_all_jobs
from tests.shared import Freeze, Worlds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_arranged")]

OURS = [one.code for one in invariants.rules() if one.code.startswith("subscriptions.")]
ROW, EVENT, PERIOD = "subscriptions_subscription", "subscriptions_subscriptionevent", "subscriptions_subscriptionperiod"
PAUSE = "subscriptions_subscriptionpause"
ADDON, MIGRATION = "subscriptions_subscriptionaddon", "subscriptions_versionmigration"
USE = "subscriptions_trialuse"
MOVEMENT, CHANGE = "subscriptions_mrrmovement", "subscriptions_scheduledchange"
TABLES = [
    PAUSE,
    ROW,
    EVENT,
    PERIOD,
    ADDON,
    MIGRATION,
    MOVEMENT,
    CHANGE,
    USE,
    "subscriptions_extension",
    "billing_invoice",
    "billing_invoiceline",
]

# What a broken program, or somebody with the owner's password, would have to do for each rule.
DAMAGE = {
    "subscriptions.one_live_per_family": "DROP INDEX subscriptions_subscription_one_live_per_family; "
    f"UPDATE {ROW} SET customer_id = (SELECT customer_id FROM {ROW} ORDER BY id LIMIT 1)",
    "subscriptions.status_is_last_event": f"UPDATE {ROW} SET status = 'past_due' WHERE status = 'active'",
    "subscriptions.history_is_legal": f"UPDATE {EVENT} SET old_status = 'paused' WHERE type = 'renewed'",
    "subscriptions.periods_follow_anchor": f"UPDATE {PERIOD} SET ends_at = ends_at + interval '1 day' WHERE number = 0",
    "subscriptions.current_period_is_last_begun": f"DELETE FROM {PERIOD} WHERE number = 1",
    "subscriptions.one_invoice_per_period": f"ALTER TABLE {PERIOD} DROP CONSTRAINT "
    "subscriptions_subscriptionperiod_invoice_once; "
    f"UPDATE {PERIOD} SET invoice_id = (SELECT min(invoice_id::text)::uuid FROM {PERIOD}) WHERE number = 1",
    "subscriptions.nothing_billed_after_the_end": f"UPDATE {PERIOD} SET starts_at = now() + interval '1 year', "
    f"ends_at = now() + interval '2 years' WHERE subscription_id = (SELECT id FROM {ROW} WHERE status = 'canceled')",
    "subscriptions.extensions_do_not_overlap": "UPDATE subscriptions_extension SET first_period = 3",
    "subscriptions.addons_do_not_overlap": f"DROP INDEX subscriptions_subscriptionaddon_once; INSERT INTO {ADDON} (id, "
    "environment_id, subscription_id, addon_id, price_id, kind, quantity, added_at, created_at) SELECT "
    "gen_random_uuid(), environment_id, subscription_id, addon_id, price_id, kind, 1, added_at + interval '1 day', "
    f"created_at FROM {ADDON} WHERE removed_at IS NULL",
    "subscriptions.lines_follow_the_version": "UPDATE billing_invoiceline l SET basis = jsonb_set(basis, '{price_id}', "
    "to_jsonb((SELECT p.id FROM catalog_price p JOIN catalog_planversion v ON v.id = p.version_id WHERE v.number = 2)))"
    " WHERE l.kind = 'fixed'",
    "subscriptions.migrations_count_their_items": f"UPDATE {MIGRATION} SET done = done - 1, skipped = skipped + 1",
    "subscriptions.mrr_is_the_sum_of_its_movements": f"UPDATE {ROW} SET mrr = mrr + 1 WHERE status = 'active'",
    "subscriptions.mrr_waterfall": f"UPDATE {MOVEMENT} SET amount = amount + 1 WHERE kind = 'expansion'",
    "subscriptions.mrr_movements_are_what_they_are_called": f"UPDATE {MOVEMENT} SET kind = 'reactivation' "
    "WHERE kind = 'expansion'",
    "subscriptions.mrr_movements_belong_to_their_line": f"UPDATE {MOVEMENT} SET currency = 'EUR'",
    "subscriptions.no_change_missed": "UPDATE core_environment SET clock_at = clock_at + interval '1 year' "
    "WHERE clock_at IS NOT NULL",
    "subscriptions.changes_wait_for_the_living": f"UPDATE {CHANGE} SET subscription_id = "
    f"(SELECT id FROM {ROW} WHERE status = 'canceled') WHERE effective_at IS NULL",
    "subscriptions.changes_are_billed_to_their_subscription": f"UPDATE {CHANGE} SET state = 'applied', "
    "settled_at = created_at, invoice_id = (SELECT id FROM billing_invoice LIMIT 1)",
    "subscriptions.nothing_due_missed": "UPDATE core_environment SET clock_at = clock_at + interval '1 year' "
    "WHERE clock_at IS NOT NULL",
    "subscriptions.past_due_is_followed_up": "ALTER TABLE billing_invoice DROP CONSTRAINT "
    "billing_invoice_paid_is_stamped; UPDATE billing_invoice SET state = 'open', last_failure_code = 'card_declined'; "
    f"UPDATE {ROW} SET status = 'past_due' WHERE status = 'active'; "
    "UPDATE core_environment SET clock_at = clock_at + interval '1 day' WHERE clock_at IS NOT NULL",
    "subscriptions.suspended_while_past_due": f"UPDATE {ROW} SET suspended_at = now() WHERE status = 'active'",
    "subscriptions.pauses_are_stamped": f"UPDATE {ROW} SET paused_at = paused_at - interval '1 day' "
    "WHERE status = 'paused'",
    "subscriptions.nothing_billed_in_a_pause": f"UPDATE {PAUSE} SET starts_at = starts_at - interval '40 days' "
    "WHERE ended_at IS NULL",
    "subscriptions.trials_are_noted": f"DELETE FROM {USE} WHERE kind = 'customer'",
    "subscriptions.terminal_is_stamped": f"ALTER TABLE {ROW} DROP CONSTRAINT "
    f"subscriptions_subscription_ended_when_terminal; UPDATE {ROW} SET ended_at = NULL WHERE status = 'canceled'",
}  # fmt: skip


@pytest.fixture(scope="module")
def _arranged(worlds: Worlds) -> None:
    worlds.build(arrange)


def arrange(freeze: Freeze) -> None:
    """A fixed term in its second period, extended twice; one that ended; one in its trial; one that waits; three that
    rested or rest.

    The first has had an add-on and has one again; the one in its trial was moved to another version of its plan.
    """
    now = NOW
    freeze(now)
    customer = make_customer()
    attach_card(customer)
    fixed = subscribe(customer, make_plan(), intervals=1)
    over = subscribe(make_customer(), free_plan())
    services.cancel_subscription(subscription_id=over.pk, at="now", actor=SYSTEM, now=now)
    addon, moving = make_addon(), make_plan(trial_days=60)
    tried = subscribe(make_customer(), moving)
    publish_prices(moving, monthly("30"))
    migration = services.prepare_migration(plan_id=moving.pk, actor=SYSTEM, now=now)
    services.start_migration(migration_id=migration.pk, actor=SYSTEM, now=now)
    waiting = subscribe(make_customer(), starts_at=now.replace(month=6))
    for one, at in ((tried, now.replace(month=3)), (waiting, None)):
        services.schedule_change(
            subscription_id=one.pk, wanted=services.Wanted(quantity=2), at=at, actor=SYSTEM, now=now
        )
    resting = subscribe(make_customer(), free_plan())
    lengthened, restarted = subscribe(make_customer(), free_plan()), subscribe(make_customer(), free_plan())
    for one, policy in ((lengthened, "give_back"), (restarted, "restart")):
        until = now + timedelta(days=10)
        services.pause_subscription(subscription_id=one.pk, until=until, policy=policy, actor=SYSTEM, now=now)
    for _ in range(2):
        do_all_jobs()
        services.renew_subscription(subscription_id=fixed.pk, actor=SYSTEM, now=now)
    do_all_jobs()
    row = services.add_addon(subscription_id=fixed.pk, addon_id=addon.pk, actor=SYSTEM, now=now)
    services.remove_addon(subscription_id=fixed.pk, item_id=row.pk, actor=SYSTEM, now=now)
    services.add_addon(subscription_id=fixed.pk, addon_id=addon.pk, actor=SYSTEM, now=now)
    freeze(now + timedelta(days=10))
    do_all_jobs()
    freeze(now.replace(month=2))
    do_all_jobs()
    services.pause_subscription(subscription_id=resting.pk, actor=SYSTEM, now=now.replace(month=2, day=20))
    assert Subscription.objects.get(pk=fixed.pk).term_intervals == 3


def test_a_healthy_house_breaks_no_rule() -> None:
    assert {code: invariants.broken(code) for code in OURS} == {code: [] for code in OURS}


@pytest.mark.parametrize("code", OURS)
def test_damage_is_reported(owner_sql: Callable[..., Any], code: str) -> None:
    assert invariants.broken(code) == []
    owner_sql(DAMAGE[code], off=TABLES)
    offending = invariants.broken(code)
    assert offending
    assert {"id", "environment_id"} <= offending[0].keys()


def test_every_rule_has_its_damage() -> None:
    assert set(DAMAGE) == set(OURS)
