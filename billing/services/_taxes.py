"""What somebody may ask for about tax rates."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.models import TaxRate
from billing.signals import TaxRateArchived, TaxRateCreated, TaxRateUpdated
from billing.taxation import FINEST_PERCENTAGE, REVERSE_CHARGE_CODE
from core import errors, events, problems
from core.actor import Actor

# What a rate says is on invoices; another percentage is another rate.
CHANGEABLE = frozenset({"name", "ends_at"})


class TaxRateCodeTaken(errors.Conflict):
    code = "tax_rate_code_taken"
    title = "Another tax rate has this code."


class TaxRateInvalid(errors.Invalid):
    """`field` is the member that is wrong."""

    code = "tax_rate_invalid"
    title = "The tax rate makes no sense."


problems.constraint("billing_taxrate_code_once", TaxRateCodeTaken)


@transaction.atomic
def create_tax_rate(
    *, code: str, name: str, percentage: Decimal, country: str = "", region: str = "", tax_code: str = "",
    starts_at: datetime | None = None, ends_at: datetime | None = None, actor: Actor, now: datetime,
) -> TaxRate:  # fmt: skip
    """This function will make a tax rate and publish `TaxRateCreated`.

    `percentage` is of 100, `country` ISO 3166, or empty for every country; `region` empty for the whole of it. It
    counts for lines of `tax_code` from `starts_at` on, and no more at `ends_at`.

    :raises TaxRateInvalid: naming the member that makes no sense.
    :raises TaxRateCodeTaken: if the code is in use.
    """
    row = TaxRate(
        code=code, name=name, percentage=percentage, country=country, region=region, tax_code=tax_code,
        starts_at=starts_at, ends_at=ends_at, created_at=now,
    )  # fmt: skip
    _check(row)
    if TaxRate.objects.filter(code=code).exists():
        raise TaxRateCodeTaken(tax_rate=code)
    row.save(force_insert=True)
    events.publish(
        TaxRateCreated(
            subject=row.public_id, actor=actor.label, at=now, code=code, percentage=f"{percentage:f}", country=country,
            region=region, tax_code=tax_code,
        )
    )  # fmt: skip
    return row


@transaction.atomic
def update_tax_rate(*, tax_rate_id: UUID, changes: Mapping[str, Any], actor: Actor, now: datetime) -> TaxRate:
    """This function will change a rate's name or end and publish `TaxRateUpdated`, if anything differs.

    What it has ended already cannot be moved, and it cannot end in the past: invoices were written by it.

    :raises TaxRateInvalid: if it would end in the past, or before it starts.
    :raises billing.models.TaxRateArchived: if it is out of use.
    :raises core.errors.NotFound: if the environment has no such rate.
    """
    row = _locked(tax_rate_id)
    row.refuse_if_archived()
    if not set(changes) <= CHANGEABLE:
        raise TypeError(f"a tax rate's {sorted(set(changes) - CHANGEABLE)} are not for changing")
    changed = sorted(name for name, value in changes.items() if getattr(row, name) != value)
    if not changed:
        return row
    if "ends_at" in changed:
        _check_move(row.ends_at, changes["ends_at"], now)
    for name in changed:
        setattr(row, name, changes[name])
    _check(row)
    row.save(update_fields=changed)
    events.publish(
        TaxRateUpdated(subject=row.public_id, actor=actor.label, at=now, code=row.code, changed=tuple(changed))
    )
    return row


@transaction.atomic
def archive_tax_rate(*, tax_rate_id: UUID, actor: Actor, now: datetime) -> TaxRate:
    """This function will take a rate out of use; invoices keep what they have.

    :raises billing.models.TaxRateArchived: if that is so already.
    :raises core.errors.NotFound: if the environment has no such rate.
    """
    row = _locked(tax_rate_id)
    row.archive(at=now)
    row.save(update_fields=["archived_at"])
    events.publish(TaxRateArchived(subject=row.public_id, actor=actor.label, at=now, code=row.code, archived_at=now))
    return row


def _locked(tax_rate_id: UUID) -> TaxRate:
    row = TaxRate.objects.select_for_update().filter(pk=tax_rate_id).first()
    if row is None:
        raise errors.NotFound
    return row


def _check(row: TaxRate) -> None:
    percentage = row.percentage
    if not (percentage.is_finite() and 0 <= percentage <= 100) or percentage != percentage.quantize(FINEST_PERCENTAGE):
        raise TaxRateInvalid("The percentage is from 0 to 100, with at most six places.", field="percentage")
    if row.code in ("", REVERSE_CHARGE_CODE):
        raise TaxRateInvalid("This code is what invoices call the reverse charge.", field="code")
    if row.region and not row.country:
        raise TaxRateInvalid("A region is one of a country.", field="country")
    if row.starts_at is not None and row.ends_at is not None and row.ends_at <= row.starts_at:
        raise TaxRateInvalid("The rate ends before it starts.", field="ends_at")


def _check_move(before: datetime | None, after: datetime | None, now: datetime) -> None:
    if before is not None and before <= now:
        raise TaxRateInvalid("The rate has ended.", field="ends_at")
    if after is not None and after < now:
        raise TaxRateInvalid("The instant has passed.", field="ends_at")
