"""How gateways count money where they count differently from ISO 4217. The ledger never does.

Pure. An amount that a gateway cannot express is refused before anything is sent: what is charged is what is due.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from core import errors
from core.money import exponent


def _none() -> Mapping[str, int]:
    return MappingProxyType({})


class AmountNotChargeable(errors.Invalid):
    """`step_minor` is what an amount must be a multiple of, in minor units of the ledger."""

    code = "amount_not_chargeable"
    title = "The gateway cannot charge exactly this amount."


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A gateway's view of currencies, where it differs from ISO 4217.

    `places` are the decimal places of its amounts, `steps` what its amounts must be a multiple of, both by currency.
    """

    places: Mapping[str, int] = field(default_factory=_none)
    steps: Mapping[str, int] = field(default_factory=_none)


# Minor units as in ISO 4217, each of them possible.
ISO: Final = Rules()

# Card networks take whole units only of the króna and the shilling, whose amounts are still written with two places,
# and tenths of the three-decimal currencies' smallest units not at all. The ariary's fifths are no decimals.
CARD_NETWORKS: Final = Rules(
    places=MappingProxyType({"ISK": 2, "UGX": 2, "MGA": 0}),
    steps=MappingProxyType(dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10) | {"ISK": 100, "UGX": 100}),
)


def to_gateway_amount(minor: int, currency: str, rules: Rules) -> int:
    """This function will return an amount of the ledger's minor units as the gateway writes it.

    :raises AmountNotChargeable: if the gateway cannot express it.
    :raises core.money.UnknownCurrency: if the currency is none.
    """
    ours, theirs = _scales(currency, rules)
    amount, rest = divmod(minor * theirs, ours)
    if rest or amount % rules.steps.get(currency, 1):
        raise AmountNotChargeable(amount_minor=minor, currency=currency, step_minor=step_minor(currency, rules))
    return amount


def from_gateway_amount(amount: int, currency: str, rules: Rules) -> int:
    """This function will return an amount that a gateway wrote in the ledger's minor units.

    :raises AmountNotChargeable: if the ledger cannot express it, so that the gateway cannot have been asked for it.
    :raises core.money.UnknownCurrency: if the currency is none.
    """
    ours, theirs = _scales(currency, rules)
    minor, rest = divmod(amount * ours, theirs)
    if rest:
        raise AmountNotChargeable(currency=currency, step_minor=step_minor(currency, rules))
    return minor


def is_chargeable(minor: int, currency: str, rules: Rules) -> bool:
    """This function will tell whether a gateway can charge exactly an amount of the ledger's minor units."""
    return minor % step_minor(currency, rules) == 0


def step_minor(currency: str, rules: Rules) -> int:
    """This function will return the smallest amount of the ledger's minor units of which all others are multiples.

    :raises core.money.UnknownCurrency: if the currency is none.
    """
    ours, theirs = _scales(currency, rules)
    step = rules.steps.get(currency, 1)
    # The first multiple of the gateway's step that is whole in our units, and never less than one of them.
    return next(step * times * ours // theirs for times in range(1, theirs + 1) if step * times * ours % theirs == 0)


def _scales(currency: str, rules: Rules) -> tuple[int, int]:
    """How many of the ledger's minor units, and how many of the gateway's, make one whole unit."""
    places = exponent(currency)
    return int(10**places), int(10 ** rules.places.get(currency, places))
