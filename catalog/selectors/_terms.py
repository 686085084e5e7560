"""What other apps are told of plans and prices: frozen values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from catalog import formulas, pricing
from catalog.models import Plan, Price
from core import errors
from core.money import Money


class CurrencyNotOffered(errors.Invalid):
    """`currency` is the one asked for, `offered` those that there are prices in."""

    code = "currency_not_offered"
    title = "The plan has no prices in this currency."


@dataclass(frozen=True, kw_only=True)
class PriceTerms:
    """One price of a version or of an add-on. `kind` is fixed or usage, `billed` advance or arrears; `price` computes.

    `interval` is empty for what is charged once. `plan_name` is the plan's or the add-on's name; of the other public
    ids and numbers, those of a plan are None for an add-on, and the other way round. `tax_code` empty is what is taxed
    at the standard rate. A price that is not published may still change.
    """

    price_id: UUID
    public_id: str
    name: str
    currency: str
    kind: str
    billed: str
    interval: str
    interval_count: int
    meter_id: UUID | None
    price: pricing.Price
    plan_id: UUID | None = None
    plan_public_id: str | None = None
    plan_name: str = ""
    version_number: int | None = None
    addon_id: UUID | None = None
    addon_public_id: str | None = None
    tax_code: str = ""
    is_published: bool = True

    @property
    def is_usage(self) -> bool:
        return self.kind == Price.Kind.USAGE

    @property
    def is_in_advance(self) -> bool:
        return self.billed == Price.Billed.ADVANCE

    @property
    def is_per_unit(self) -> bool:
        return self.price.model is not pricing.Model.FLAT

    @property
    def is_recurring(self) -> bool:
        return bool(self.interval)

    @property
    def needs_event_values(self) -> bool:
        """Whether the amount follows from each event's value and not from what they make together."""
        return self.price.model is pricing.Model.PERCENTAGE

    @property
    def unit_amount(self) -> Decimal | None:
        return self.price.unit_amount

    @property
    def formula(self) -> str:
        """How the amount comes about, in a line that people can read."""
        return formulas.summary(self.price)

    def rate(self, quantity: Decimal, event_values: Sequence[Decimal] = ()) -> pricing.Rating:
        """This function will return what a quantity costs for one period, and the steps that lead there.

        `event_values` are the values of the period's events in order, in major units, where `needs_event_values`.

        :raises catalog.pricing.NegativeQuantity: if the quantity or a value is below zero.
        """
        if event_values:
            return pricing.rate(self.price, quantity, event_values)
        return _rated(self, str(quantity))

    def amount(self, quantity: Decimal) -> Money:
        """This function will return what a quantity costs for one period, rounded once.

        :raises catalog.pricing.NegativeQuantity: if the quantity is below zero.
        """
        return Money(self.rate(quantity).amount_minor, self.currency)


@lru_cache(maxsize=4096)
def _rated(terms: PriceTerms, quantity: str) -> pricing.Rating:
    """What many customers pay alike is computed once. By the quantity's text: 1 and 1.0 are shown as they were said."""
    return pricing.rate(terms.price, Decimal(quantity))


@dataclass(frozen=True, kw_only=True)
class FeatureTerms:
    """One feature of a version. `limit` None is no limit; `reset` is a period interval or `subscription`."""

    code: str
    name: str
    kind: str
    value: str
    limit: Decimal | None
    limit_kind: str
    reset: str


@dataclass(frozen=True, kw_only=True)
class PlanTerms:
    """What a version costs and grants. `proration_basis` is second or day."""

    plan_id: UUID
    plan_public_id: str
    version_id: UUID
    version_number: int
    code: str
    name: str
    family: str | None
    trial_days: int
    archived_at: datetime | None
    prices: tuple[PriceTerms, ...]
    features: tuple[FeatureTerms, ...]
    proration_basis: str = Plan.ProrationBasis.SECOND

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies with prices, in the order in which the prices were given."""
        return tuple(dict.fromkeys(price.currency for price in self.prices))

    def prices_in(self, currency: str) -> tuple[PriceTerms, ...]:
        """This function will return the prices in a currency.

        :raises CurrencyNotOffered: if there are none.
        """
        found = tuple(price for price in self.prices if price.currency == currency)
        if not found:
            raise CurrencyNotOffered(currency=currency, offered=list(self.currencies))
        return found

    def cycle(self, currency: str) -> tuple[str, int]:
        """This function will return the interval and its count that all prices in a currency share.

        :raises CurrencyNotOffered: if there are none.
        """
        first = self.prices_in(currency)[0]
        return first.interval, first.interval_count


def price_terms(row: Price) -> PriceTerms:
    """This function will return a price that was fetched with its owners."""
    return PriceTerms(
        price_id=row.id, public_id=row.public_id, name=row.name, currency=row.currency, kind=row.kind,
        billed=row.billed, interval=row.interval or "", interval_count=row.interval_count, meter_id=row.meter_id,
        price=row.as_formula(), tax_code=row.tax_code, **_owner(row),
    )  # fmt: skip


def _owner(row: Price) -> dict[str, Any]:
    if row.addon is not None:
        addon = row.addon
        return {"plan_name": addon.name, "addon_id": addon.id, "addon_public_id": addon.public_id}
    version = row.version
    if version is None:
        return {}
    plan = version.plan
    return {
        "plan_id": plan.id, "plan_public_id": plan.public_id, "plan_name": plan.name,
        "version_number": version.number, "is_published": version.is_published,
    }  # fmt: skip
