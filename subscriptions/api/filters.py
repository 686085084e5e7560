"""By what lists of subscriptions are narrowed."""

from core.http.filters import Filters, IdFilter, InstantFilter, TextFilter, WordFilter
from subscriptions import states


class OwnSubscriptionFilters(Filters):
    status = WordFilter(states.STATES)


class SubscriptionFilters(OwnSubscriptionFilters):
    customer = IdFilter("cus", field_name="customer_id")
    plan = IdFilter("pln", field_name="plan_id")
    family = TextFilter(max_length=64)
    created_from = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")
