"""Conformance cases of proration, answered by the proration of changes."""

from typing import Any

from core.conformance import conforms, instant, whole
from core.money import exponent
from core.periods import Period
from subscriptions.proration import Basis, prorate


@conforms("proration", reads="currency old_minor new_minor starts_at ends_at at basis timezone credited_minor")
def proration(given: dict[str, Any]) -> dict[str, Any]:
    """This function will answer the credit and the charge of a line that changes inside its paid period."""
    exponent(given["currency"])  # minor units need a currency that has them
    found = prorate(
        old_minor=whole(given["old_minor"]),
        new_minor=whole(given["new_minor"]),
        period=Period(instant(given["starts_at"]), instant(given["ends_at"])),
        at=instant(given["at"]),
        basis=Basis(given["basis"]),
        timezone=given["timezone"],
        credited_minor=whole(given.get("credited_minor", 0)),
    )
    return {"credit_minor": found.credit_minor, "charge_minor": found.charge_minor, "net_minor": found.net_minor}
