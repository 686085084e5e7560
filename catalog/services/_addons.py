"""What can be sold beside a plan."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.models import AddOn, Price
from catalog.pricing import InvalidPrice
from catalog.services._new_price import NewPrice
from catalog.signals import AddOnArchived, AddOnCreated
from core import errors, events, problems
from core.actor import Actor


class AddOnCodeTaken(errors.Conflict):
    code = "addon_code_taken"
    title = "Another add-on has this code."


class AddOnHasNoPrices(errors.Invalid):
    code = "addon_has_no_prices"
    title = "An add-on needs a price."


class CurrencyRepeated(errors.Invalid):
    """`currency` is the one with more than one price."""

    code = "currency_repeated"
    title = "An add-on has one price per currency."


problems.constraint("catalog_addon_code_once", AddOnCodeTaken)
problems.constraint("catalog_price_one_per_addon_and_currency", CurrencyRepeated)


@transaction.atomic
def create_addon(
    *,
    code: str,
    name: str,
    description: str = "",
    kind: str = AddOn.Kind.RECURRING,
    prices: Sequence[NewPrice],
    actor: Actor,
    now: datetime,
) -> AddOn:
    """This function will create an add-on with its prices, one per currency, which never change.

    Prices of a `recurring` add-on have an interval; those of a `one_off` have none and are charged in advance.

    :raises AddOnCodeTaken: if the code is in use.
    :raises AddOnHasNoPrices, CurrencyRepeated: if there is no price, or a second one in a currency.
    :raises catalog.pricing.InvalidPrice: if a price makes no sense, or does not fit the kind.
    """
    _check(kind, prices)
    if AddOn.objects.filter(code=code).exists():
        raise AddOnCodeTaken(addon_code=code)
    addon = AddOn.objects.create(code=code, name=name, description=description, kind=kind, created_at=now)
    Price.objects.bulk_create([one.row(addon=addon, now=now) for one in prices])
    events.publish(AddOnCreated(subject=addon.public_id, actor=actor.label, at=now, code=code, name=name, kind=kind))
    return addon


@transaction.atomic
def archive_addon(*, addon_id: UUID, actor: Actor, now: datetime) -> AddOn:
    """This function will take an add-on off the offer; subscriptions that have it keep it.

    :raises core.errors.NotFound: if there is no such add-on.
    :raises catalog.models.AddOnArchived: if it is archived already.
    """
    addon = AddOn.objects.select_for_update().filter(pk=addon_id).first()
    if addon is None:
        raise errors.NotFound
    addon.archive(at=now)
    addon.save(update_fields=["archived_at"])
    events.publish(AddOnArchived(subject=addon.public_id, actor=actor.label, at=now, code=addon.code))
    return addon


def _check(kind: str, prices: Sequence[NewPrice]) -> None:
    if not prices:
        raise AddOnHasNoPrices
    currencies = [one.currency for one in prices]
    for currency in currencies:
        if currencies.count(currency) > 1:
            raise CurrencyRepeated(currency=currency)
    for price in prices:
        _check_price(kind, price)


def _check_price(kind: str, price: NewPrice) -> None:
    if price.kind != Price.Kind.FIXED:
        raise InvalidPrice(field="kind")
    if (kind == AddOn.Kind.ONE_OFF) != (price.interval is None):
        raise InvalidPrice(field="interval")
