"""Asking for single prices, and for add-ons."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.models import AddOn, Price
from catalog.selectors._ids import decoded
from catalog.selectors._terms import CurrencyNotOffered, PriceTerms, price_terms
from core import errors


@dataclass(frozen=True, kw_only=True)
class AddOnView:
    """An add-on without its prices. `kind` is recurring or one_off."""

    id: UUID
    public_id: str
    code: str
    name: str
    kind: str
    archived_at: datetime | None


def get_price(price_id: UUID) -> PriceTerms:
    """This function will return one price, of whatever version or add-on.

    :raises core.errors.NotFound: if there is no such price.
    """
    row = Price.objects.with_owners().filter(pk=price_id).first()
    if row is None:
        raise errors.NotFound
    return price_terms(row)


def find_price(public_id: str) -> PriceTerms | None:
    """This function will return the price of a public id."""
    price_id = decoded(Price.prefix, public_id)
    row = Price.objects.with_owners().filter(pk=price_id).first() if price_id else None
    return price_terms(row) if row else None


def list_prices(price_ids: Collection[UUID]) -> dict[UUID, PriceTerms]:
    """This function will return the prices of these ids that exist, in one query."""
    return {row.id: price_terms(row) for row in Price.objects.with_owners().filter(pk__in=price_ids)}


def find_addon(code_or_public_id: str) -> AddOnView | None:
    """This function will return the add-on of a public id or of a code; the id wins."""
    addon_id = decoded(AddOn.prefix, code_or_public_id)
    row = AddOn.objects.filter(pk=addon_id).first() if addon_id else None
    row = row or AddOn.objects.filter(code=code_or_public_id).first()
    if row is None:
        return None
    return AddOnView(
        id=row.id, public_id=row.public_id, code=row.code, name=row.name, kind=row.kind, archived_at=row.archived_at
    )


def get_addon(addon_id: UUID, currency: str) -> PriceTerms:
    """This function will return what an add-on costs in a currency, archived or not.

    :raises core.errors.NotFound: if there is no such add-on.
    :raises CurrencyNotOffered: if it has no price in the currency.
    """
    rows = list(Price.objects.with_owners().filter(addon_id=addon_id))
    found = next((row for row in rows if row.currency == currency), None)
    if found is not None:
        return price_terms(found)
    if not rows:
        raise errors.NotFound
    raise CurrencyNotOffered("The add-on has no price in this currency.", currency=currency, offered=_offered(rows))


def list_addons(addon_ids: Collection[UUID], currency: str) -> dict[UUID, PriceTerms]:
    """This function will return what these add-ons cost in a currency, in one query.

    An add-on that does not exist, or has no price in the currency, is left out.
    """
    rows = Price.objects.with_owners().filter(addon_id__in=addon_ids, currency=currency)
    return {row.addon_id: price_terms(row) for row in rows if row.addon_id is not None}


def _offered(rows: Collection[Price]) -> list[str]:
    return sorted(row.currency for row in rows)
