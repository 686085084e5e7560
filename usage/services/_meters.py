"""Meters: made and archived. What a meter looks at is never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import errors, events, problems
from core.actor import Actor
from usage.models import OWN_VALUE, Meter, MeterCodeTaken
from usage.signals import MeterArchived, MeterCreated


class UniquePropertyUnused(errors.Invalid):
    code = "unique_property_unused"
    title = "Only a meter that counts distinct values has a unique property."


# The unique index decides; two parallel requests cannot both get past a check in Python.
problems.constraint("usage_meter_code_once", MeterCodeTaken)
problems.constraint("usage_meter_unique_property", UniquePropertyUnused)


@transaction.atomic
def create_meter(
    *, code: str, name: str, aggregation: str, value_property: str = OWN_VALUE, unique_property: str | None = None,
    filters: Mapping[str, Sequence[str]] | None = None, actor: Actor, now: datetime,
) -> Meter:  # fmt: skip
    """This function will make a meter of the environment in force and publish `MeterCreated`.

    `aggregation` is `count`, `sum`, `max` or `unique_count`; `filters` name the accepted texts of properties.

    :raises MeterCodeTaken: (by the unique index) if another meter has the code.
    :raises UniquePropertyUnused: (by the database) if a unique property was given and distinct values are not counted.
    """
    row = Meter.objects.create(
        code=code, name=name, aggregation=aggregation, value_property=value_property, unique_property=unique_property,
        filters={key: sorted(set(accepted)) for key, accepted in (filters or {}).items()}, created_at=now,
    )  # fmt: skip
    events.publish(
        MeterCreated(subject=row.public_id, actor=actor.label, at=now, code=code, aggregation=str(aggregation))
    )
    return row


@transaction.atomic
def archive_meter(*, meter_id: UUID, actor: Actor, now: datetime) -> Meter:
    """This function will take a meter out of use and publish `MeterArchived`; what it measured is still billed.

    :raises core.errors.NotFound: if the environment has no such meter.
    :raises usage.models.MeterArchived: if it is archived already.
    """
    row = Meter.objects.select_for_update().filter(pk=meter_id).first()
    if row is None:
        raise errors.NotFound
    row.archive(at=now)
    row.save(update_fields=["archived_at"])
    events.publish(MeterArchived(subject=row.public_id, actor=actor.label, at=now, code=row.code))
    return row
