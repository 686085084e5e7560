"""Conformance cases of invoices and wallets, answered by the arithmetic of invoices and the burning of lots."""

from typing import Any

from billing.arithmetic import Coupon, Line, Tax, TaxBehavior, compute_invoice
from billing.burning import Lot, burn
from core.conformance import conforms, decimal, instant, known, truth, whole
from core.money import exponent

_TOTALS = ("subtotal_minor", "discount_minor", "tax_minor", "total_minor", "due_minor")
_LOT = "id amount_minor priority expires_at promotional effective_at"


@conforms("invoice", reads="currency tax_behavior lines coupons credit_balance_minor wallet_minor")
def invoice(given: dict[str, Any]) -> dict[str, Any]:
    """This function will answer the totals of an invoice, and what is shown of each line."""
    exponent(given["currency"])  # minor units need a currency that has them
    found = compute_invoice(
        [_line(known(line, "id amount_minor tax_rates")) for line in given["lines"]],
        coupons=[_coupon(known(coupon, "percent amount_minor lines")) for coupon in given.get("coupons", [])],
        tax_behavior=TaxBehavior(given["tax_behavior"]),
        credit_balance_minor=whole(given.get("credit_balance_minor", 0)),
        wallet_minor=whole(given.get("wallet_minor", 0)),
    )
    shown = [
        {"id": line.id, "discount_minor": line.discount_minor, "tax_minor": line.tax_minor} for line in found.lines
    ]
    return {name: getattr(found, name) for name in _TOTALS} | {"lines": shown}


def _line(given: dict[str, Any]) -> Line:
    # Lines with the same rate are taxed together, so the rate is the code.
    taxes = tuple(Tax(code=rate, rate=decimal(rate)) for rate in given["tax_rates"])
    return Line(id=given["id"], amount_minor=whole(given["amount_minor"]), taxes=taxes)


def _coupon(given: dict[str, Any]) -> Coupon:
    return Coupon(
        percent=decimal(given["percent"]) if "percent" in given else None,
        amount_minor=whole(given["amount_minor"]) if "amount_minor" in given else None,
        lines=frozenset(given["lines"]) if "lines" in given else None,
    )


@conforms("wallet", reads="at lots burn_minor")
def wallet(given: dict[str, Any]) -> dict[str, Any]:
    """This function will answer which lots pay, and what they have left."""
    lots = [_lot(known(lot, _LOT)) for lot in given["lots"]]
    found = burn(lots, whole(given["burn_minor"]), at=instant(given["at"]))
    return {"funded": dict(found.funded), "left": dict(found.left), "shortfall_minor": found.shortfall_minor}


def _lot(given: dict[str, Any]) -> Lot:
    return Lot(
        id=given["id"],
        amount_minor=whole(given["amount_minor"]),
        priority=whole(given["priority"]),
        expires_at=None if given["expires_at"] is None else instant(given["expires_at"]),
        is_promotional=truth(given["promotional"]),
        effective_at=instant(given["effective_at"]),
    )
