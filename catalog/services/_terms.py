"""Writing the prices and features of a draft."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from catalog.models import Plan, PlanFeature, PlanVersion, Price
from catalog.services._new_price import NewPrice
from core import errors


@dataclass(frozen=True, kw_only=True)
class NewFeature:
    """A feature to write. `limit` is None for no limit; `reset` is a period interval or `subscription`."""

    code: str
    name: str
    kind: str = PlanFeature.Kind.BOOLEAN
    value: str = ""
    limit: Decimal | None = None
    limit_kind: str = PlanFeature.LimitKind.HARD
    reset: str = PlanFeature.Reset.SUBSCRIPTION

    def row(self, version: PlanVersion) -> PlanFeature:
        """This function will return the row to insert."""
        return PlanFeature(
            version=version, code=self.code, name=self.name, kind=self.kind, value=self.value, limit=self.limit,
            limit_kind=self.limit_kind, reset=self.reset,
        )  # fmt: skip


class UnknownMeter(errors.Invalid):
    code = "unknown_meter"
    title = "There is no such meter."


def write_terms(
    version: PlanVersion, *, prices: Sequence[NewPrice] | None, features: Sequence[NewFeature] | None, now: datetime
) -> None:
    """This function will replace the prices and features of a draft; None leaves them as they are.

    :raises UnknownMeter: if a usage price names a meter the environment does not have.
    """
    if prices is not None:
        version.prices.all().delete()
        write_prices([one.row(version=version, now=now) for one in prices])
    if features is not None:
        version.features.all().delete()
        PlanFeature.objects.bulk_create([one.row(version) for one in features])


def write_prices(rows: Sequence[Price]) -> None:
    """This function will insert prices.

    :raises UnknownMeter: if one names a meter the environment does not have.
    """
    with knowing_meters():
        Price.objects.bulk_create(rows)


@contextmanager
def knowing_meters() -> Iterator[None]:
    """This function will let prices be written inside, and look at once whether their meters exist.

    :raises UnknownMeter: if one names a meter the environment does not have.
    """
    try:
        with transaction.atomic():
            yield
            # The foreign key speaks now and not at the commit, where nobody could say what was wrong.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS catalog_price_meter_id_same_env IMMEDIATE")
    except IntegrityError as violated:
        if "catalog_price_meter_id" in str(violated):
            raise UnknownMeter from violated
        raise


def copy_terms(source: PlanVersion, version: PlanVersion, *, now: datetime) -> None:
    """This function will give a new draft the prices and features of another version."""
    for price in source.prices.all():
        Price.objects.create(**_own(price), version=version, created_at=now)
    for feature in source.features.all():
        PlanFeature.objects.create(**_own(feature), version=version)


def _own(row: Price | PlanFeature) -> dict[str, Any]:
    shared = {"id", "environment", "version", "created_at"}
    fields = [one for one in row._meta.concrete_fields if one.name not in shared]
    return {one.attname: getattr(row, one.attname) for one in fields}


def locked_plan(plan_id: UUID) -> Plan:
    """This function will lock a plan.

    :raises core.errors.NotFound: if the environment has no such plan.
    """
    row = Plan.objects.select_for_update().filter(pk=plan_id).first()
    if row is None:
        raise errors.NotFound
    return row
