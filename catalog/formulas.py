"""How a price computes, in one line for people. Pure, like the arithmetic itself."""

from decimal import Decimal

from catalog.pricing import Model, PackageRounding, Price, Tier
from core.money import exponent


def summary(price: Price) -> str:
    """This function will return such as `graduated: ≤10 @ 50, ≤20 @ 40, beyond @ 30; at least 5.00 USD`."""
    parts = [_of_model(price)]
    if price.minimum_amount is not None:
        parts.append(f"at least {_money(price.minimum_amount, price.currency)}")
    if price.maximum_amount is not None:
        parts.append(f"at most {_money(price.maximum_amount, price.currency)}")
    return "; ".join(parts)


def _of_model(price: Price) -> str:
    amount = _money(price.unit_amount or Decimal(0), price.currency)
    match price.model:
        case Model.FLAT:
            return amount
        case Model.PER_UNIT:
            return f"{amount} per unit"
        case Model.GRADUATED | Model.VOLUME:
            at_zero = "; first flat fee also at zero" if price.charge_flat_at_zero else ""
            return f"{price.model}: {', '.join(_tier(one) for one in price.tiers)}{at_zero}"
        case Model.PACKAGE:
            begun = "begun" if price.package_rounding is PackageRounding.UP else "full"
            return f"{amount} per {begun} package of {plain(price.package_size or Decimal(1))}"
        case Model.PERCENTAGE:
            return _percentage(price)


def _tier(tier: Tier) -> str:
    bound = "beyond" if tier.up_to is None else f"≤{plain(tier.up_to)}"
    flat = f" + {plain(tier.flat_amount)}" if tier.flat_amount else ""
    return f"{bound} @ {plain(tier.unit_amount)}{flat}"


def _percentage(price: Price) -> str:
    fee = f" + {_money(price.fixed_amount, price.currency)} per event" if price.fixed_amount else ""
    free = [f"{plain(price.free_units)} units"] if price.free_units is not None else []
    free += [f"{price.free_events} events"] if price.free_events is not None else []
    allowance = f"; the first {' and '.join(free)} free" if free else ""
    return f"{plain(price.percentage or Decimal(0))} %{fee}{allowance}"


def _money(amount: Decimal, currency: str) -> str:
    """An amount with the places of its currency, and with more only where they say something."""
    text = plain(amount)
    missing = exponent(currency) - len(text.partition(".")[2])
    if missing > 0:
        text = (text if "." in text else f"{text}.") + "0" * missing
    return f"{text} {currency}"


def plain(number: Decimal) -> str:
    """This function will return a number without an exponent and without zeros that say nothing."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
