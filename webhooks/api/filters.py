"""What the lists of endpoints and deliveries can be narrowed to."""

from core.http.filters import Filters, TextFilter, WordFilter
from webhooks.models import Delivery, Endpoint


class EndpointFilters(Filters):
    """`state=disabled` are those that are sent nothing."""

    state = WordFilter(Endpoint.State.values)


class DeliveryFilters(Filters):
    """`state=dead` are those that were given up."""

    state = WordFilter(Delivery.State.values)
    event = TextFilter(max_length=40, field_name="event_id")
    type = TextFilter(max_length=80, field_name="event_type")
