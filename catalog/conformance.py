"""Conformance cases of prices, answered by the pricing of invoices."""

from typing import Any

from catalog.pricing import Model, PackageRounding, Price, Tier, rate
from core.conformance import conforms, decimal, known, truth, whole

_AMOUNTS = ("unit_amount", "package_size", "percentage", "fixed_amount", "free_units")
_BOUNDS = ("minimum_amount", "maximum_amount")
_READS = "model currency tiers charge_flat_at_zero package_rounding free_events quantity event_values"


@conforms("price", reads=f"{_READS} {' '.join(_AMOUNTS + _BOUNDS)}")
def price(given: dict[str, Any]) -> dict[str, Any]:
    """This function will answer what a quantity, or a period's events, cost."""
    values = [decimal(value) for value in given.get("event_values", [])]
    return {"amount_minor": rate(_price(given), decimal(given.get("quantity", "1")), values).amount_minor}


def _price(given: dict[str, Any]) -> Price:
    members: dict[str, Any] = {name: decimal(given[name]) for name in _AMOUNTS + _BOUNDS if name in given}
    if "free_events" in given:
        members["free_events"] = whole(given["free_events"])
    return Price(
        model=Model(given["model"]),
        currency=given["currency"],
        tiers=tuple(_tier(known(tier, "up_to unit_amount flat_amount")) for tier in given.get("tiers", [])),
        charge_flat_at_zero=truth(given.get("charge_flat_at_zero", False)),
        package_rounding=PackageRounding(given.get("package_rounding", "up")),
        **members,
    )


def _tier(given: dict[str, Any]) -> Tier:
    up_to = given["up_to"]
    return Tier(
        up_to=None if up_to is None else decimal(up_to),
        unit_amount=decimal(given["unit_amount"]),
        flat_amount=decimal(given["flat_amount"]),
    )
