"""What the audit log can be narrowed to."""

from audit.models import Entry
from core.http.filters import Filters, InstantFilter, TextFilter, WordFilter


class EntryFilters(Filters):
    """By who, what, about what, how it ended, and when."""

    actor = TextFilter(max_length=120)
    action = TextFilter(max_length=80)
    target = TextFilter(max_length=120)
    outcome = WordFilter(Entry.Outcome.values)
    request_id = TextFilter(max_length=128)
    since = InstantFilter(field_name="at", lookup_expr="gte")
    until = InstantFilter(field_name="at", lookup_expr="lt")
