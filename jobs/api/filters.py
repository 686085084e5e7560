"""What the lists of jobs can be narrowed to."""

from core.http.filters import Filters, InstantFilter, TextFilter, WordFilter
from jobs.models import Job


class JobFilters(Filters):
    """`state=dead` is the dead-letter list."""

    state = WordFilter(Job.State.values)
    kind = TextFilter(max_length=60)
    queue = TextFilter(max_length=40)
    error_class = TextFilter(max_length=200)


class ScheduledJobFilters(Filters):
    """`state=pending` is what is still to come."""

    state = WordFilter(Job.State.values, field_name="job__state")
    kind = TextFilter(max_length=40)
    subject = TextFilter(max_length=40)
    run_at_from = InstantFilter(field_name="job__run_at", lookup_expr="gte")
    run_at_before = InstantFilter(field_name="job__run_at", lookup_expr="lt")
