"""Plans and add-ons for tests, made by the same verbs as everywhere."""

from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from catalog import services
from catalog.models import AddOn, Plan
from catalog.pricing import Tier
from core import clock
from core.actor import SYSTEM

_numbers = count(1)


def monthly(amount: str = "20.00", **terms: Any) -> services.NewPrice:
    """A flat monthly price in USD, in advance."""
    return services.NewPrice(**{"name": "Base fee", "currency": "USD", "unit_amount": Decimal(amount), **terms})


def seats(amount: str = "7.50", **terms: Any) -> services.NewPrice:
    """A monthly price per seat in USD, in advance."""
    return monthly(amount, **{"name": "Seats", "model": "per_unit", **terms})


def tiers(*bounds: tuple[str | None, str, str]) -> tuple[Tier, ...]:
    """Tiers of (up to, per unit, flat)."""
    return tuple(
        Tier(up_to=None if up_to is None else Decimal(up_to), unit_amount=Decimal(unit), flat_amount=Decimal(flat))
        for up_to, unit, flat in bounds
    )


STEPS = (("10", "50", "0"), ("20", "40", "0"), (None, "30", "0"))


def tiered(model: str = "graduated", *bounds: tuple[str | None, str, str], **terms: Any) -> services.NewPrice:
    """A monthly price in USD by tiers; 50 up to 10, 40 up to 20, 30 beyond unless tiers are given."""
    return monthly(**{"name": "Tiers", "model": model, "unit_amount": None, "tiers": tiers(*bounds or STEPS), **terms})


def by_percentage(meter_id: UUID, **terms: Any) -> services.NewPrice:
    """1.3 % of what a meter's events are worth, in USD, in arrears."""
    known = {"name": "Share", "kind": "usage", "model": "percentage", "unit_amount": None, "meter_id": meter_id}
    return monthly(**{**known, "percentage": Decimal("1.3"), **terms})


def make_addon(*prices: services.NewPrice, **particulars: Any) -> AddOn:
    """Make an add-on of the environment in scope; 5.00 USD a month unless prices are given."""
    number = next(_numbers)
    particulars = {"code": f"addon-{number}", "name": f"Add-on {number}", "now": clock.now(), **particulars}
    return services.create_addon(**{"actor": SYSTEM, "prices": prices or (monthly("5.00"),), **particulars})


def make_plan(*prices: services.NewPrice, **particulars: Any) -> Plan:
    """Make a published plan of the environment in scope; 20.00 USD a month unless prices are given."""
    number = next(_numbers)
    particulars = {"code": f"plan-{number}", "name": f"Plan {number}", "now": clock.now(), **particulars}
    return services.create_plan(**{"actor": SYSTEM, "prices": prices or (monthly(),), **particulars})
