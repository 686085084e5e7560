"""What the list of gifts can be narrowed to."""

from core.http.filters import Filters, IdFilter, InstantFilter, TextFilter, WordFilter
from gifts import states


class GiftFilters(Filters):
    """By state, buyer, recipient and time."""

    status = WordFilter(states.STATES)
    buyer = IdFilter("cus", field_name="buyer_id")
    recipient_email = TextFilter(max_length=254)
    created_since = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_until = InstantFilter(field_name="created_at", lookup_expr="lt")
