"""Answers about plans for other apps, frozen."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from catalog import pricing
from catalog.models import Plan, PlanFeature, PlanVersion, Price
from core import errors, ids
from core.money import Money


class PlanNotPublished(errors.Conflict):
    code = "plan_not_published"
    title = "The plan has no published version."


class CurrencyNotOffered(errors.Invalid):
    """`currency` is the one asked for, `offered` those the plan has prices in."""

    code = "currency_not_offered"
    title = "The plan has no prices in this currency."


@dataclass(frozen=True, kw_only=True)
class PriceTerms:
    """One price of a version. `kind` is fixed or usage, `billed` advance or arrears; `price` computes."""

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
    def unit_amount(self) -> Decimal | None:
        return self.price.unit_amount

    def amount(self, quantity: Decimal) -> Money:
        """This function will return what a quantity costs for one period, rounded once.

        :raises catalog.pricing.NegativeQuantity: if the quantity is below zero.
        """
        return Money(pricing.rate(self.price, quantity).amount_minor, self.currency)


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
    """What a version costs and grants."""

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


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """A plan without its terms."""

    id: UUID
    public_id: str
    code: str
    name: str
    family: str | None
    archived_at: datetime | None


def get_terms(plan_version_id: UUID) -> PlanTerms:
    """This function will return the terms of a version, published or not.

    :raises core.errors.NotFound: if there is no such version.
    """
    row = PlanVersion.objects.with_terms().filter(pk=plan_version_id).first()
    if row is None:
        raise errors.NotFound
    return _terms(row)


def get_current_terms(plan_id: UUID) -> PlanTerms:
    """This function will return the terms of the newest published version.

    :raises core.errors.NotFound: if there is no such plan.
    :raises PlanNotPublished: if the plan has only a draft.
    """
    row = PlanVersion.objects.with_terms().published().filter(plan_id=plan_id).first()
    if row is not None:
        return _terms(row)
    if Plan.objects.filter(pk=plan_id).exists():
        raise PlanNotPublished
    raise errors.NotFound


def find_plan(code_or_public_id: str) -> PlanView | None:
    """This function will return the plan of a public id or of a code; the id wins."""
    plan_id = _decoded(code_or_public_id)
    row = Plan.objects.filter(pk=plan_id).first() if plan_id else None
    row = row or Plan.objects.filter(code=code_or_public_id).first()
    if row is None:
        return None
    return PlanView(
        id=row.id, public_id=row.public_id, code=row.code, name=row.name, family=row.family, archived_at=row.archived_at
    )


def _terms(row: PlanVersion) -> PlanTerms:
    plan = row.plan
    return PlanTerms(
        plan_id=plan.id, plan_public_id=plan.public_id, version_id=row.id, version_number=row.number, code=plan.code,
        name=plan.name, family=plan.family, trial_days=plan.trial_days, archived_at=plan.archived_at,
        prices=tuple(_price(one) for one in row.prices.all()),
        features=tuple(_feature(one) for one in row.features.all()),
    )  # fmt: skip


def _price(row: Price) -> PriceTerms:
    return PriceTerms(
        price_id=row.id, public_id=row.public_id, name=row.name, currency=row.currency, kind=row.kind,
        billed=row.billed, interval=row.interval, interval_count=row.interval_count, meter_id=row.meter_id,
        price=pricing.Price(model=pricing.Model(row.model), currency=row.currency, unit_amount=row.unit_amount),
    )  # fmt: skip


def _feature(row: PlanFeature) -> FeatureTerms:
    return FeatureTerms(
        code=row.code, name=row.name, kind=row.kind, value=row.value, limit=row.limit, limit_kind=row.limit_kind,
        reset=row.reset,
    )  # fmt: skip


def _decoded(text: str) -> UUID | None:
    try:
        return ids.decode(Plan.prefix, text)
    except errors.NotFound:
        return None
