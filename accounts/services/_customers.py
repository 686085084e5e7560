"""Customers: made and changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import emails, internal
from accounts.models import Customer
from accounts.signals import CustomerCreated, CustomerUpdated
from core import errors, events, problems
from core.actor import Actor
from core.tax_ids import checked as checked_tax_ids

# What may be changed by a plain assignment; the currency, the e-mail address and tax ids have rules of their own.
PLAIN = frozenset({"external_ref", "name", "timezone", "country", "address", "tax_exemption", "metadata"})


class ExternalRefTaken(errors.Conflict):
    code = "external_ref_taken"
    title = "Another customer has this external reference."


# The unique index decides; two parallel requests cannot both get past a check in Python.
problems.constraint("accounts_customer_external_ref_once", ExternalRefTaken)


@transaction.atomic
def create_customer(
    *, email: str, name: str = "", external_ref: str | None = None, currency: str | None = None, timezone: str = "UTC",
    country: str | None = None, address: Mapping[str, str] | None = None, tax_ids: Sequence[Mapping[str, str]] = (),
    tax_exemption: str = Customer.TaxExemption.NONE, metadata: Mapping[str, str] | None = None, actor: Actor,
    now: datetime,
) -> Customer:  # fmt: skip
    """This function will make a customer of the environment in force and publish `CustomerCreated`.

    `currency` ISO 4217, `country` ISO 3166, `timezone` an IANA name; `tax_ids` are `{"type", "value"}` pairs, which are
    kept without spaces and punctuation; `tax_exemption` is none, exempt or reverse_charge.

    :raises ExternalRefTaken: (by the unique index) if another customer has the external reference.
    :raises core.tax_ids.TaxIdInvalid: if a tax id is not one of its scheme.
    """
    row = Customer.objects.create(
        email=emails.canonical(email), name=name, external_ref=external_ref, currency=currency, timezone=timezone,
        country=country, address=dict(address or {}), tax_ids=checked_tax_ids(tax_ids),
        tax_exemption=tax_exemption, metadata=dict(metadata or {}), created_at=now, updated_at=now,
    )  # fmt: skip
    events.publish(
        CustomerCreated(
            subject=row.public_id, actor=actor.label, at=now, customer=row.public_id, external_ref=external_ref
        )
    )
    return row


@transaction.atomic
def update_customer(*, customer_id: UUID, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Customer:
    """This function will change some of a customer's particulars and publish `CustomerUpdated`, if anything differs.

    :raises accounts.models.CurrencyFixed: if the currency would change after the first invoice.
    :raises ExternalRefTaken: (by the unique index) if another customer has the external reference.
    :raises core.tax_ids.TaxIdInvalid: if a tax id is not one of its scheme.
    :raises core.errors.NotFound: if the environment has no such customer.
    """
    row = internal.lock_customer(customer_id)
    changed = [name for name, value in changes.items() if _set(row, name, value)]
    if not changed:
        return row
    row.updated_at = now
    row.save(update_fields=[*changed, "email_verified_at", "updated_at"])
    events.publish(
        CustomerUpdated(
            subject=row.public_id, actor=actor.label, at=now, customer=row.public_id, changed=tuple(sorted(changed))
        )
    )
    return row


def _set(row: Customer, name: str, value: Any) -> bool:
    before = getattr(row, name)
    if name == "currency":
        row.change_currency(value)
    elif name == "email":
        row.email = emails.canonical(value)
        if row.email != before:
            row.email_verified_at = None
    elif name == "tax_ids":
        row.tax_ids = checked_tax_ids(value)
    elif name in PLAIN:
        setattr(row, name, value)
    else:
        raise TypeError(f"a customer's {name} is not for changing")
    return bool(before != getattr(row, name))
