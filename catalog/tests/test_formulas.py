"""Prices in a line that people can read."""

from decimal import Decimal

import pytest

from catalog.formulas import summary
from catalog.pricing import Model, PackageRounding, Price, Tier

STEPS = (
    Tier(up_to=Decimal(10), unit_amount=Decimal(50)),
    Tier(up_to=Decimal("20.5"), unit_amount=Decimal("0.000125"), flat_amount=Decimal("2.50")),
    Tier(up_to=None, unit_amount=Decimal(30)),
)


@pytest.mark.parametrize(
    ("price", "line"),
    [
        (Price(model=Model.FLAT, currency="USD", unit_amount=Decimal(20)), "20.00 USD"),
        (Price(model=Model.FLAT, currency="JPY", unit_amount=Decimal("500.000")), "500 JPY"),
        (Price(model=Model.PER_UNIT, currency="USD", unit_amount=Decimal("0.0012")), "0.0012 USD per unit"),
        (
            Price(model=Model.GRADUATED, currency="USD", tiers=STEPS, minimum_amount=Decimal(5)),
            "graduated: ≤10 @ 50, ≤20.5 @ 0.000125 + 2.5, beyond @ 30; at least 5.00 USD",
        ),
        (
            Price(model=Model.VOLUME, currency="USD", tiers=STEPS[2:], charge_flat_at_zero=True),
            "volume: beyond @ 30; first flat fee also at zero",
        ),
        (
            Price(model=Model.PACKAGE, currency="KWD", unit_amount=Decimal(1), package_size=Decimal("1E+2")),
            "1.000 KWD per begun package of 100",
        ),
        (
            Price(
                model=Model.PACKAGE,
                currency="USD",
                unit_amount=Decimal(1),
                package_size=Decimal(10),
                package_rounding=PackageRounding.DOWN,
                maximum_amount=Decimal(9),
            ),
            "1.00 USD per full package of 10; at most 9.00 USD",
        ),
        (Price(model=Model.PERCENTAGE, currency="USD", percentage=Decimal("1.30")), "1.3 %"),
        (
            Price(
                model=Model.PERCENTAGE,
                currency="USD",
                percentage=Decimal("1.3"),
                fixed_amount=Decimal(2),
                free_units=Decimal(250),
                free_events=3,
            ),
            "1.3 % + 2.00 USD per event; the first 250 units and 3 events free",
        ),
    ],
)
def test_a_formula_is_said_in_one_line(price: Price, line: str) -> None:
    assert summary(price) == line
