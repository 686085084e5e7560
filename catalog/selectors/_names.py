"""What plans and add-ons are called."""

from collections.abc import Collection

from catalog.models import AddOn, Plan
from catalog.selectors._ids import decoded


def list_names(public_ids: Collection[str]) -> dict[str, str]:
    """This function will return the names of plans and add-ons by their public ids, in two queries at most.

    Other ids, and those of nothing that exists, are left out.
    """
    plans, addons = ([decoded(kind.prefix, one) for one in public_ids] for kind in (Plan, AddOn))
    rows = [*Plan.objects.filter(pk__in=filter(None, plans)), *AddOn.objects.filter(pk__in=filter(None, addons))]
    return {row.public_id: row.name for row in rows}
