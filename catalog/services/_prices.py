"""Single prices of a plan's draft."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from catalog.models import Plan, PlanVersion, Price, PricePublished
from catalog.services._new_price import NewPrice
from catalog.services._revise import announce_revision, draft_of
from catalog.services._terms import knowing_meters, locked_plan, write_prices
from core import errors, problems
from core.actor import Actor

problems.constraint("catalog_price_frozen", PricePublished)


@transaction.atomic
def create_price(*, plan_id: UUID, price: NewPrice, actor: Actor, now: datetime) -> Price:
    """This function will add a price to the plan's draft, beginning one from the newest version if there is none.

    :raises core.errors.NotFound: if there is no such plan.
    :raises catalog.models.PlanArchived: if it is off the offer.
    :raises catalog.pricing.InvalidPrice, UnknownMeter: if the price makes no sense.
    """
    plan = locked_plan(plan_id)
    plan.refuse_if_archived()
    version = draft_of(plan, now=now)
    row = price.row(version=version, now=now)
    write_prices([row])
    announce_revision(plan, version, actor=actor, now=now)
    return row


@transaction.atomic
def update_price(*, price_id: UUID, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Price:
    """This function will change members of a draft's price; the others stay. They are those of `NewPrice`.

    :raises core.errors.NotFound: if there is no such price.
    :raises catalog.models.PricePublished: if its version is published, or it is an add-on's.
    :raises catalog.models.PlanArchived: if the plan is off the offer.
    :raises catalog.pricing.InvalidPrice, UnknownMeter: if the price would make no sense.
    """
    plan, version, row = _locked_in_draft(price_id)
    before = NewPrice.of(row)
    columns = before.changed(changes).columns()
    if columns == before.columns():
        return row
    for name, value in columns.items():
        setattr(row, name, value)
    with knowing_meters():
        row.save(update_fields=list(columns))
    announce_revision(plan, version, actor=actor, now=now)
    return row


@transaction.atomic
def delete_price(*, price_id: UUID, actor: Actor, now: datetime) -> None:
    """This function will take a price out of a plan's draft.

    :raises core.errors.NotFound: if there is no such price.
    :raises catalog.models.PricePublished: if its version is published, or it is an add-on's.
    :raises catalog.models.PlanArchived: if the plan is off the offer.
    """
    plan, version, row = _locked_in_draft(price_id)
    row.delete()
    announce_revision(plan, version, actor=actor, now=now)


def _locked_in_draft(price_id: UUID) -> tuple[Plan, PlanVersion, Price]:
    """The plan is locked before its price is looked at, as a publication does, so that none comes between."""
    found = Price.objects.filter(pk=price_id).values_list("version__plan_id", flat=True)[:1]
    if not found:
        raise errors.NotFound
    if found[0] is None:
        raise PricePublished
    plan = locked_plan(found[0])
    row = Price.objects.with_owners().filter(pk=price_id).first()
    if row is None or row.version is None:
        raise errors.NotFound
    if row.version.is_published:
        raise PricePublished(version=row.version.number)
    plan.refuse_if_archived()
    return plan, row.version, row
