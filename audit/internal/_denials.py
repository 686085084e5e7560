"""Folding a flood of refusals: the first of a minute are entries of their own, the rest become one that counts them."""

from datetime import timedelta

from django.db import transaction

from audit import denials
from audit.models import Denial
from core import clock
from core.models import scope_of
from core.tenancy import scope
from core.tenancy.system import system_scope

BATCH = 1000


def fold_denials() -> int:
    """This function will write one entry for each address and minute that was refused too often, and return how many.

    Rows of minutes that are over are taken, also those of which nothing is left to say.
    """
    with system_scope("audit: whose refusals are counted"), transaction.atomic():
        over = Denial.objects.filter(minute__lt=clock.wall() - timedelta(minutes=1)).order_by()
        environments = list(over.values_list("environment_id", flat=True).distinct())
    total = 0
    for environment_id in environments:
        with scope(scope_of(environment_id)):
            total += _fold()
    return total


@transaction.atomic
def _fold() -> int:
    over = Denial.objects.filter(minute__lt=clock.wall() - timedelta(minutes=1))
    rows = list(over.select_for_update(skip_locked=True).order_by("minute", "id")[:BATCH])
    told = [row for row in rows if row.number > denials.IN_FULL]
    for row in told:
        denials.tell(row)
    Denial.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(told)
