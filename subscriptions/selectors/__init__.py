"""Answers about subscriptions for other apps and for the API, frozen."""

from subscriptions.selectors._cohorts import Cohort, CohortMonth, list_cohorts
from subscriptions.selectors._history import list_past_states, rebuild_state
from subscriptions.selectors._money import Ledger, find_first_month, list_ledgers
from subscriptions.selectors._mrr import MonthMrr, Reason, Waterfall, list_churn, list_waterfalls
from subscriptions.selectors._views import SubscriptionView, get_subscription, view
from subscriptions.snapshots import KeptAddOn, PastState

__all__ = [
    "Cohort", "CohortMonth", "KeptAddOn", "Ledger", "MonthMrr", "PastState", "Reason", "SubscriptionView", "Waterfall",
    "find_first_month", "get_subscription", "list_churn", "list_cohorts", "list_ledgers", "list_past_states",
    "list_waterfalls", "rebuild_state", "view",
]  # fmt: skip
