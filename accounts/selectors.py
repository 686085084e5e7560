"""Answers about customers for other apps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from accounts import emails
from accounts.models import Customer
from core import ids
from core.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class CustomerView:
    """A customer as other apps know him. `currency` is an ISO 4217 code, `country` an ISO 3166 code, or None.

    `tax_exemption` is none, exempt or reverse_charge; a tax id has a `type` and a `value`.
    """

    id: UUID
    public_id: str
    external_ref: str | None
    email: str
    email_verified_at: datetime | None
    name: str
    currency: str | None
    timezone: str
    country: str | None
    address: Mapping[str, str]
    tax_ids: tuple[Mapping[str, str], ...]
    tax_exemption: str


def get_customer(customer_id: UUID) -> CustomerView:
    """This function will return a customer of the environment in force.

    :raises core.errors.NotFound: if it has no such customer.
    """
    row = Customer.objects.filter(pk=customer_id).first()
    if row is None:
        raise NotFound
    return view(row)


def get_mailbox(customer_id: UUID) -> str:
    """This function will return the mailbox that a customer's address leads to, however it is spelled.

    :raises core.errors.NotFound: if the environment has no such customer.
    """
    return emails.mailbox(get_customer(customer_id).email)


def find_customer(ref_or_public_id: str) -> CustomerView | None:
    """This function will return the customer of a public id or of an external reference; the id wins."""
    customer_id = decoded(ref_or_public_id)
    rows = list(Customer.objects.known_as(ref_or_public_id, customer_id)[:2])
    rows.sort(key=lambda row: row.pk != customer_id)
    return view(rows[0]) if rows else None


def list_customer_ids_by_refs(refs: Iterable[str]) -> dict[str, UUID]:
    """This function will return the ids of the customers that external references name; unknown ones are left out."""
    rows = Customer.objects.filter(external_ref__in=set(refs)).values_list("external_ref", "id")
    return {ref: customer_id for ref, customer_id in rows if ref is not None}


def list_customer_ids_by_names(names: Iterable[str]) -> dict[str, UUID]:
    """This function will return the ids of the customers that public ids or external references name, by that name.

    Unknown ones are left out; where a name is both, the id wins. One query, however many there are.
    """
    names = set(names)
    by_id = {name: customer_id for name in names if (customer_id := decoded(name)) is not None}
    rows = Customer.objects.filter(Q(external_ref__in=names) | Q(pk__in=by_id.values()))
    found = dict(rows.values_list("id", "external_ref"))
    by_ref = {ref: customer_id for customer_id, ref in found.items() if ref is not None and ref in names}
    return by_ref | {name: customer_id for name, customer_id in by_id.items() if customer_id in found}


def view(row: Customer) -> CustomerView:
    """This function will return the frozen view of a row."""
    return CustomerView(
        id=row.id,
        public_id=row.public_id,
        external_ref=row.external_ref,
        email=row.email,
        email_verified_at=row.email_verified_at,
        name=row.name,
        currency=row.currency,
        timezone=row.timezone,
        country=row.country,
        address=row.address,
        tax_ids=tuple(row.tax_ids),
        tax_exemption=row.tax_exemption,
    )


def decoded(text: str) -> UUID | None:
    """This function will return the id behind a customer's public id, or None if the text is none."""
    try:
        return ids.decode(Customer.prefix, text)
    except NotFound:
        return None
