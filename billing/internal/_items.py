"""Things asked for by name and number, as priced lines: what quotes and one-off invoices are made of."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from billing.internal._rating import priced_line
from billing.lines import Basis, NewLine
from catalog import selectors as catalog
from catalog.selectors import PlanTerms, PriceTerms
from catalog.services import AddOnArchived, PlanArchived
from core import errors, ids, money
from usage import selectors as usage

# What is asked for: one of `price`, `addon`, `plan` and `description`, and what belongs to it; see `lines_of`.
Item = Mapping[str, Any]

NAMES: Final = ("price", "addon", "plan", "description")
MOST_ITEMS: Final = 500
# Far beyond any bill, and low enough that taxes on top of it still fit the column.
MOST_MINOR: Final = 10**15
MAX_PLACES: Final = 12


class TooManyItems(errors.Invalid):
    code = "too_many_lines"
    title = "An invoice has at most 500 items."


class ItemUnclear(errors.Invalid):
    code = "item_unclear"
    title = "An item names exactly one of price, addon, plan and description."


class ItemUnknown(errors.Invalid):
    code = "item_unknown"
    title = "There is no such price, add-on, plan or meter to be sold."


class PriceCurrencyMismatch(errors.Invalid):
    code = "price_currency_mismatch"
    title = "The price is in another currency than the invoice."


class QuantityInvalid(errors.Invalid):
    code = "quantity_invalid"
    title = "A quantity is above zero with at most 12 places, and whole where a flat fee is charged so many times."


class UnitAmountInvalid(errors.Invalid):
    code = "unit_amount_invalid"
    title = "A unit amount is a decimal from zero up, with at most 12 places."


class EventsNeeded(errors.Invalid):
    code = "events_needed"
    title = "A price that takes a part of every event cannot be worked out from a quantity."


def lines_of(items: Sequence[Item], currency: str) -> list[NewLine]:
    """This function will return what items come to in a currency, in their order.

    An item is one of

    - `{price, quantity}`: a published price by its public id. A flat fee is charged `quantity` times;
    - `{addon, quantity}`: an add-on by public id or code, at its price in the currency;
    - `{plan, quantity, usage}`: what the current version of a plan costs for one period: its prices in advance for the
      quantity, and those of its usage prices for which `usage` gives a quantity by meter (code, id) or price (id);
    - `{description, quantity, unit_amount, tax_code}`: an amount of its own.

    `quantity` is 1 unless given; decimals are possible wherever units are counted. `unit_amount` is in major units.
    Refusals have the number of the item in `item`, from 1.

    :raises ItemUnclear, ItemUnknown, PriceCurrencyMismatch, QuantityInvalid, UnitAmountInvalid, EventsNeeded: so.
    :raises TooManyItems: above 500 items.
    :raises catalog.services.PlanArchived, catalog.services.AddOnArchived: if it is off the offer.
    :raises catalog.selectors.PlanNotPublished, catalog.selectors.CurrencyNotOffered: if it has no price to be had.
    :raises core.money.UnknownCurrency: if the currency is none.
    :raises core.money.AmountOutOfRange: if it comes to more than can be billed.
    """
    money.exponent(currency)
    if len(items) > MOST_ITEMS:
        raise TooManyItems(count=len(items))
    shop = _Shop(items, currency)
    lines = [line for number, item in enumerate(items, start=1) for line in shop.lines(item, number)]
    if sum(line.amount_minor for line in lines) > MOST_MINOR:
        raise money.AmountOutOfRange(currency=currency)
    return lines


class _Shop:
    """Prices of one currency. Those named by id come in one query, each add-on and plan in one or two of its own."""

    def __init__(self, items: Sequence[Item], currency: str) -> None:
        self._currency = currency
        self._prices = catalog.list_prices(
            [price_id for item in items if (price_id := _price_id(item.get("price"))) is not None]
        )
        self._addons: dict[str, PriceTerms] = {}
        self._plans: dict[str, PlanTerms] = {}

    def lines(self, item: Item, number: int) -> list[NewLine]:
        """This function will return the lines of one item."""
        named = [name for name in NAMES if item.get(name)]
        if len(named) != 1:
            raise ItemUnclear(item=number)
        quantity = item.get("quantity", Decimal(1))
        if not _is_number(quantity) or not quantity:
            raise QuantityInvalid(item=number)
        name = str(item[named[0]])
        match named[0]:
            case "price":
                return [_times(self._price(name, number), quantity, number)]
            case "addon":
                return [_times(self._addon(name, number), quantity, number, kind="addon")]
            case "plan":
                return self._plan_lines(name, quantity, item.get("usage") or {}, number)
            case _:
                return [_own(item, quantity, self._currency, number)]

    def _price(self, name: str, number: int) -> PriceTerms:
        price_id = _price_id(name)
        terms = self._prices.get(price_id) if price_id else None
        if terms is None or not terms.is_published:
            raise ItemUnknown(item=number, price=name)
        if terms.currency != self._currency:
            raise PriceCurrencyMismatch(item=number, price=name, currency=terms.currency)
        return terms

    def _addon(self, name: str, number: int) -> PriceTerms:
        if name not in self._addons:
            found = catalog.find_addon(name)
            if found is None:
                raise ItemUnknown(item=number, addon=name)
            if found.archived_at is not None:
                raise AddOnArchived(archived_at=found.archived_at.isoformat())
            self._addons[name] = catalog.get_addon(found.id, self._currency)
        return self._addons[name]

    def _plan(self, name: str, number: int) -> PlanTerms:
        if name not in self._plans:
            found = catalog.find_plan(name)
            if found is None:
                raise ItemUnknown(item=number, plan=name)
            if found.archived_at is not None:
                raise PlanArchived(archived_at=found.archived_at.isoformat())
            self._plans[name] = catalog.get_current_terms(found.id)
        return self._plans[name]

    def _plan_lines(self, name: str, quantity: Decimal, used: Mapping[str, Decimal], number: int) -> list[NewLine]:
        prices = self._plan(name, number).prices_in(self._currency)
        in_advance = [_line(terms, quantity) for terms in prices if terms.is_in_advance and not terms.is_usage]
        return in_advance + [
            _of_units(_usage_price(prices, key, number), value, number) for key, value in used.items()
        ]  # fmt: skip


def _usage_price(prices: Sequence[PriceTerms], key: str, number: int) -> PriceTerms:
    """The usage price that a price's public id, or a meter's code or public id, means."""
    meter = usage.find_meter(key)
    for terms in prices:
        if terms.is_usage and (terms.public_id == key or (meter is not None and terms.meter_id == meter.id)):
            return terms
    raise ItemUnknown(item=number, usage=key)


def _times(terms: PriceTerms, quantity: Decimal, number: int, *, kind: str = "fixed") -> NewLine:
    """A thing bought by its price. A flat fee ignores how many there are, so it is bought so many times."""
    if terms.is_per_unit:
        return _of_units(terms, quantity, number, kind=kind)
    if quantity != quantity.to_integral_value():
        raise QuantityInvalid(item=number)
    return _line(terms, Decimal(1), times=int(quantity), kind=kind)


def _of_units(terms: PriceTerms, quantity: Decimal, number: int, *, kind: str = "fixed") -> NewLine:
    if terms.needs_event_values:
        raise EventsNeeded(item=number, price=terms.public_id)
    if not _is_number(quantity):
        raise QuantityInvalid(item=number)
    return _line(terms, quantity, kind=kind)


def _line(terms: PriceTerms, quantity: Decimal, *, times: int = 1, kind: str = "fixed") -> NewLine:
    # A quantity that was told and not measured is no usage: nothing can come late, and nothing is waited for.
    basis = Basis(price_id=terms.price_id, quantity=quantity, times=times)
    return _checked(priced_line(terms, basis, description=_description(terms), kind=kind), terms.currency)


def _own(item: Item, quantity: Decimal, currency: str, number: int) -> NewLine:
    unit_amount: Decimal | None = item.get("unit_amount")
    if unit_amount is None or not _is_number(unit_amount):
        raise UnitAmountInvalid(item=number)
    amount = Fraction(quantity) * Fraction(unit_amount) * 10 ** money.exponent(currency)
    line = NewLine(
        description=str(item["description"]), quantity=quantity, unit_amount=unit_amount,
        amount_minor=money.round_half_up(amount), tax_code=item.get("tax_code") or "", kind="one_off",
    )  # fmt: skip
    return _checked(line, currency)


def _is_number(value: Decimal) -> bool:
    """From zero up, and nothing in it that a column would cut off."""
    return value.is_finite() and value >= 0 and len(f"{value:f}".partition(".")[2].rstrip("0")) <= MAX_PLACES


def _checked(line: NewLine, currency: str) -> NewLine:
    if line.amount_minor > MOST_MINOR:
        raise money.AmountOutOfRange(currency=currency)
    return line


def _description(terms: PriceTerms) -> str:
    """Such as `Pro – Seats`: what was bought, and for what of it."""
    return terms.name if terms.plan_name in ("", terms.name) else f"{terms.plan_name} – {terms.name}"


def _price_id(name: str | None) -> UUID | None:
    try:
        return ids.decode("prc", name) if name else None
    except errors.NotFound:
        return None
