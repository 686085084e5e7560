"""Reads that every answer about subscriptions takes, each one prepared statement."""

from typing import Final

from core.tenancy.prepared import Pages, Prepared
from subscriptions.models._addons import SubscriptionAddOn
from subscriptions.models._records import Extension
from subscriptions.models._subscription import Subscription

# All of them, a page at a time.
PAGES: Final = Pages(Subscription)
# What has paid for a period in advance, of a subscription's id and a number, twice.
COVERING: Final = Prepared(
    Extension, "subscription_id = %s AND first_period <= %s AND first_period > %s - intervals ORDER BY id LIMIT 1"
)
# The one live subscription of a customer's family, whose states are given as a list.
LIVE: Final = Prepared(Subscription, "customer_id = %s AND family = %s AND status = ANY(%s) ORDER BY id LIMIT 1")
# The add-ons that some subscriptions (a list of ids) have, in the order in which they were added.
KEPT_ADDONS: Final = Prepared(SubscriptionAddOn, "subscription_id = ANY(%s) AND removed_at IS NULL ORDER BY id")
# Subscriptions (a list of ids) under lock, in the order in which everybody locks them, and what has paid for periods.
ALL_LOCKED: Final = Prepared(Subscription, "id = ANY(%s) ORDER BY id FOR UPDATE")
APPLIED: Final = Prepared(Extension, "subscription_id = ANY(%s) AND first_period IS NOT NULL ORDER BY id")
