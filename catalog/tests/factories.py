"""Plans for tests, made by the same verbs as everywhere."""

from decimal import Decimal
from itertools import count
from typing import Any

from catalog import services
from catalog.models import Plan
from core import clock
from core.actor import SYSTEM

_numbers = count(1)


def monthly(amount: str = "20.00", **terms: Any) -> services.NewPrice:
    """A flat monthly price in USD, in advance."""
    return services.NewPrice(**{"name": "Base fee", "currency": "USD", "unit_amount": Decimal(amount), **terms})


def seats(amount: str = "7.50", **terms: Any) -> services.NewPrice:
    """A monthly price per seat in USD, in advance."""
    return monthly(amount, **{"name": "Seats", "model": "per_unit", **terms})


def make_plan(*prices: services.NewPrice, **particulars: Any) -> Plan:
    """Make a published plan of the environment in scope; 20.00 USD a month unless prices are given."""
    number = next(_numbers)
    particulars = {"code": f"plan-{number}", "name": f"Plan {number}", "now": clock.now(), **particulars}
    return services.create_plan(**{"actor": SYSTEM, "prices": prices or (monthly(),), **particulars})
