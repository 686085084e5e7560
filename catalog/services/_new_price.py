"""A price as somebody asks for it, before it is a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from catalog import pricing, shapes
from catalog.formulas import plain
from catalog.models import AddOn, PlanVersion, Price
from catalog.pricing import InvalidPrice, Tier
from core import problems
from core.periods import Interval

# The members that only some models have.
_PARTICULAR: Final = (*shapes.REQUIRED, *shapes.OPTIONAL, "tiers", "charge_flat_at_zero")

for _rule in (
    "not_negative", "known_model", "tiers_rise_to_an_open_one", "minimum_below_maximum", "percentage_is_of_usage",
    "package_holds_something", "known_rounding", "usage_has_a_meter_and_is_billed_after", "once_only_for_addons",
    "addon_is_fixed", "fits_addon", "known_interval", "interval_count", "currency_code",
    *(f"{member}_fits_model" for member in (*shapes.REQUIRED, *shapes.OPTIONAL)),
):  # fmt: skip
    problems.constraint(f"catalog_price_{_rule}", InvalidPrice)


@dataclass(frozen=True, kw_only=True)
class NewPrice:
    """A price to write. Amounts are in major units of `currency`; `meter_id` is for usage prices.

    Members that the model does not know stay as they are here; see `catalog.shapes`. `interval` None is for what is
    charged once. `billed` None is in advance, for usage in arrears. `tax_code` empty is the standard rate.
    """

    name: str
    currency: str
    unit_amount: Decimal | None = None
    kind: str = Price.Kind.FIXED
    model: str = Price.Model.FLAT
    tiers: Sequence[Tier] = ()
    charge_flat_at_zero: bool = False
    package_size: Decimal | None = None
    package_rounding: str | None = None
    percentage: Decimal | None = None
    fixed_amount: Decimal | None = None
    free_units: Decimal | None = None
    free_events: int | None = None
    minimum_amount: Decimal | None = None
    maximum_amount: Decimal | None = None
    tax_code: str = ""
    interval: str | None = Interval.MONTH
    interval_count: int = 1
    billed: str | None = None
    meter_id: UUID | None = None

    @classmethod
    def of(cls, row: Price) -> "NewPrice":
        """This function will return a stored price as what would have to be asked for to get it again."""
        told = {one.name: getattr(row, one.name) for one in fields(cls) if one.name != "tiers"}
        return cls(**told, tiers=row.as_formula().tiers)

    def changed(self, changes: Mapping[str, Any]) -> "NewPrice":
        """This function will return the price with some of its members replaced."""
        return replace(self, **changes)

    def row(self, *, now: datetime, version: PlanVersion | None = None, addon: AddOn | None = None) -> Price:
        """This function will return the row to insert, of a version or of an add-on.

        :raises catalog.pricing.InvalidPrice: if the members do not make a price.
        :raises core.money.UnknownCurrency: if the currency is not known.
        """
        if version is not None and self.interval is None:
            raise InvalidPrice(field="interval")
        return Price(**self.columns(), version=version, addon=addon, created_at=now)

    def columns(self) -> dict[str, Any]:
        """This function will return what the columns of the price hold.

        :raises catalog.pricing.InvalidPrice: if the members do not make a price.
        :raises core.money.UnknownCurrency: if the currency is not known.
        """
        self._check_members()
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        if self.model == Price.Model.PACKAGE:
            told["package_rounding"] = self.package_rounding or Price.PackageRounding.UP
        told["billed"] = self.billed or (Price.Billed.ARREARS if self._is_usage else Price.Billed.ADVANCE)
        told["tiers"] = [stored_tier(one) for one in self.tiers]
        # What cannot be computed is not stored.
        Price(**told).as_formula()
        self._check_size()
        self._check_billing()
        return told

    @property
    def _is_usage(self) -> bool:
        return self.kind == Price.Kind.USAGE

    def _check_members(self) -> None:
        model = pricing.Model(self.model)
        for member in _PARTICULAR:
            if not shapes.belongs(member, model) and _is_given(getattr(self, member)):
                raise InvalidPrice(field=member)

    def _check_size(self) -> None:
        """The columns hold less than the arithmetic."""
        amounts: list[tuple[str, Decimal | None]] = [(name, getattr(self, name)) for name in shapes.AMOUNTS]
        for tier in self.tiers:
            amounts += [("tiers", one) for one in (tier.up_to, tier.unit_amount, tier.flat_amount)]
        for name, amount in amounts:
            if amount is not None and amount >= Decimal(10) ** shapes.MAX_WHOLE_DIGITS:
                raise InvalidPrice(field=name)
        if len(self.tiers) > shapes.MOST_TIERS:
            raise InvalidPrice(field="tiers")
        if (self.free_events or 0) > shapes.MOST_FREE_EVENTS:
            raise InvalidPrice(field="free_events")

    def _check_billing(self) -> None:
        if self._is_usage != (self.meter_id is not None):
            raise InvalidPrice(field="meter")
        if self._is_usage and self.billed == Price.Billed.ADVANCE:
            raise InvalidPrice(field="billed")
        if self.interval is None and self.interval_count != 1:
            raise InvalidPrice(field="interval_count")
        if self.interval is None and self.billed == Price.Billed.ARREARS:
            raise InvalidPrice(field="billed")
        # Only a meter's events have values to take a percentage of.
        if self.model == Price.Model.PERCENTAGE and not self._is_usage:
            raise InvalidPrice(field="kind")


def _is_given(value: Any) -> bool:
    """Zero is an amount; only what says nothing at all is not there."""
    return not (value is None or value is False or (isinstance(value, (list, tuple)) and not value))


def stored_tier(tier: Tier) -> dict[str, str | None]:
    """This function will return a tier as the column keeps it: decimals as plain text."""
    return {
        "up_to": None if tier.up_to is None else plain(tier.up_to),
        "unit_amount": plain(tier.unit_amount),
        "flat_amount": plain(tier.flat_amount),
    }
