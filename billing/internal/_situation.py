"""What there is to look at for a new invoice: asked once, so that nothing is looked for where there is nothing."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.selectors import CustomerView
from billing.internal import _settings
from billing.models import Account, BillingSettings, CouponRedemption, Invoice, PendingLine, TaxRate, Wallet
from core import tenancy
from core.models import Tenant
from core.tenancy.writes import beside

# Whatever is there is then read by the ORM, by whoever needs it. The customer is locked, and with him all of this.
_LOOK = """
SELECT (SELECT id FROM billing_invoice WHERE environment_id = %(here)s AND key = %(key)s),
       EXISTS (SELECT 1 FROM billing_pendingline
                WHERE environment_id = %(here)s AND reference = %(reference)s AND invoice_id IS NULL),
       EXISTS (SELECT 1 FROM billing_couponredemption
                WHERE environment_id = %(here)s AND reference = %(reference)s AND released_at IS NULL),
       EXISTS (SELECT 1 FROM billing_taxrate WHERE environment_id = %(here)s),
       EXISTS (SELECT 1 FROM billing_wallet
                WHERE environment_id = %(here)s AND customer_id = %(customer)s AND currency = %(currency)s),
       EXISTS (SELECT 1 FROM billing_billingsettings WHERE environment_id = %(here)s),
       (SELECT name FROM core_tenant WHERE id = %(tenant)s),
       (SELECT jsonb_object_agg(code, id) FROM billing_account
         WHERE environment_id = %(here)s AND currency = %(currency)s)
"""
_LOOKED_AT = (Invoice, PendingLine, CouponRedemption, TaxRate, Wallet, BillingSettings, Tenant, Account)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What there is. `invoice_id` is that of the invoice which the key has made already; `accounts` are ids by code."""

    customer: CustomerView
    invoice_id: UUID | None
    has_waiting: bool
    has_coupons: bool
    has_taxes: bool
    has_wallet: bool
    settings: BillingSettings
    tenant_name: str
    accounts: dict[str, UUID]


def look(customer: CustomerView, *, key: str, reference: str, currency: str) -> Situation:
    """This function will look once for what decides about an invoice of a locked customer."""
    here = tenancy.require()
    values: dict[str, Any] = {
        "here": here.environment_id, "tenant": here.tenant_id, "key": key, "reference": reference,
        "customer": customer.id, "currency": currency,
    }  # fmt: skip
    with beside(*_LOOKED_AT) as cursor:
        cursor.execute(_LOOK, values)
        invoice_id, waiting, coupons, taxes, wallet, settings, tenant_name, accounts = cursor.fetchone()
    return Situation(
        customer=customer, invoice_id=invoice_id, has_waiting=waiting, has_coupons=coupons, has_taxes=taxes,
        has_wallet=wallet,
        settings=_settings.current() if settings else _settings.defaults(), tenant_name=tenant_name,
        accounts={code: UUID(one) for code, one in json.loads(accounts or "{}").items()},
    )  # fmt: skip
