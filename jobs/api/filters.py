"""What the list of jobs can be narrowed to."""

from core.http.filters import Filters, TextFilter, WordFilter
from jobs.models import Job


class JobFilters(Filters):
    """`state=dead` is the dead-letter list."""

    state = WordFilter(Job.State.values)
    kind = TextFilter(max_length=60)
    queue = TextFilter(max_length=40)
