"""Coupons and tax rates for tests, made by the verbs that make them in the house."""

from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from accounts.internal import lock_customer
from billing import internal, services
from billing.models import Coupon, CouponRedemption, TaxRate
from billing.tests.factories import AT, issue, make_customer_id
from core.actor import SYSTEM

_count = count(1)


def make_coupon(**known: Any) -> Coupon:
    """A coupon of 10 % for one invoice, unless said otherwise."""
    fields: dict[str, Any] = {"code": f"CODE{next(_count)}", "name": "Welcome", "actor": SYSTEM, "now": AT}
    if "amount_minor" not in known:
        fields["percent"] = Decimal(10)
    return services.create_coupon(**fields | known)


def redeem(coupon: Coupon, *, customer_id: UUID | None = None, **known: Any) -> CouponRedemption:
    """A locked customer redeems a coupon, for `sub_test` in USD unless said otherwise."""
    holder = customer_id or make_customer_id()
    lock_customer(holder)
    fields: dict[str, Any] = {
        "reference": "sub_test", "currency": "USD", "plan": None, "actor": SYSTEM, "now": AT,
    }  # fmt: skip
    return internal.redeem_coupon(coupon.code, customer_id=holder, **fields | known)


def make_tax_rate(**known: Any) -> TaxRate:
    """A rate of 20 % that counts everywhere, unless said otherwise."""
    fields: dict[str, Any] = {
        "code": f"rate-{next(_count)}", "name": "VAT", "percentage": Decimal(20), "actor": SYSTEM, "now": AT,
    }  # fmt: skip
    return services.create_tax_rate(**fields | known)


def bill_with_coupon_and_taxes(*, now: datetime) -> None:
    """Two invoices with two rates, the first with a coupon as well; a third one with it is void."""
    for code, percentage in (("vat", Decimal(19)), ("levy", Decimal("1.5"))):
        make_tax_rate(code=code, percentage=percentage, country="DE")
    holder = make_customer_id(country="DE")
    redeem(make_coupon(duration="repeating", cycles=2), customer_id=holder, reference="sub_taxed")
    issue(999, 333, customer_id=holder, reference="sub_taxed", now=now)
    void = issue(500, customer_id=holder, reference="sub_taxed", now=now)
    services.void_invoice(invoice_id=void.id, reason="Mistake", actor=SYSTEM, now=now)
    issue(1000, customer_id=holder, reference="sub_plain", now=now)
