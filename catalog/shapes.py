"""Which members a price of each model has: the rule as data, for whoever writes prices and for the database."""

from collections.abc import Mapping
from typing import Final

from catalog.pricing import Model

TIERED: Final = (Model.GRADUATED, Model.VOLUME)
REQUIRED: Final[Mapping[str, tuple[Model, ...]]] = {
    "unit_amount": (Model.FLAT, Model.PER_UNIT, Model.PACKAGE),
    "package_size": (Model.PACKAGE,),
    "package_rounding": (Model.PACKAGE,),
    "percentage": (Model.PERCENTAGE,),
}
OPTIONAL: Final[Mapping[str, tuple[Model, ...]]] = {
    "fixed_amount": (Model.PERCENTAGE,),
    "free_units": (Model.PERCENTAGE,),
    "free_events": (Model.PERCENTAGE,),
}
# Decimals of any model; a column of them holds 16 digits before the point and 12 behind it.
AMOUNTS: Final = (
    "unit_amount", "package_size", "percentage", "fixed_amount", "free_units", "minimum_amount", "maximum_amount",
)  # fmt: skip
MAX_DIGITS: Final = 28
MAX_WHOLE_DIGITS: Final = 16
MOST_TIERS: Final = 100
MOST_FREE_EVENTS: Final = 2**31 - 1


def belongs(member: str, model: Model) -> bool:
    """This function will tell whether a price of the model may have the member."""
    if member in ("tiers", "charge_flat_at_zero"):
        return model in TIERED
    models = REQUIRED.get(member) or OPTIONAL.get(member)
    return models is None or model in models
