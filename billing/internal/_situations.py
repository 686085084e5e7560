"""What there is to look at for many new invoices: asked in a number of statements that does not grow with them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts import selectors as customers
from billing.internal import _coupons, _pending, _settings, _taxes
from billing.internal._drafts import NewInvoice
from billing.internal._situation import Situation
from billing.models import BillingSettings, CouponRedemption, PendingLine
from billing.taxation import Rate
from core import tenancy

# The customers are locked, and with them all of this; see `_situation`.
_LOOK = """
SELECT (SELECT array_agg(key) FROM billing_invoice WHERE environment_id = %(here)s AND key = ANY(%(keys)s)),
       (SELECT array_agg(DISTINCT customer_id) FROM billing_wallet
         WHERE environment_id = %(here)s AND customer_id = ANY(%(customers)s)),
       EXISTS (SELECT 1 FROM billing_pendingline
                WHERE environment_id = %(here)s AND reference = ANY(%(references)s) AND invoice_id IS NULL),
       EXISTS (SELECT 1 FROM billing_couponredemption
                WHERE environment_id = %(here)s AND reference = ANY(%(references)s) AND released_at IS NULL),
       EXISTS (SELECT 1 FROM billing_taxrate WHERE environment_id = %(here)s),
       EXISTS (SELECT 1 FROM billing_billingsettings WHERE environment_id = %(here)s),
       (SELECT name FROM core_tenant WHERE id = %(tenant)s),
       (SELECT jsonb_agg(jsonb_build_array(currency, code, id)) FROM billing_account WHERE environment_id = %(here)s)
"""


@dataclass(frozen=True, kw_only=True)
class Situations:
    """What there is. `keys` have made an invoice already; `accounts` are ids by currency and code."""

    keys: frozenset[str]
    with_wallet: frozenset[UUID]
    waiting: Mapping[str, Sequence[PendingLine]]
    coupons: Mapping[str, Sequence[CouponRedemption]]
    rates: Sequence[Rate]
    settings: BillingSettings
    tenant_name: str
    accounts: Mapping[str, Mapping[str, UUID]]

    def of(self, new: NewInvoice) -> Situation:
        """This function will return what there is for one of the invoices, whose customer's row it has."""
        assert new.customer is not None  # noqa: S101 - for the type checker
        return Situation(
            customer=customers.view(new.customer), invoice_id=None, has_waiting=bool(self.waiting.get(new.reference)),
            has_coupons=bool(self.coupons.get(new.reference)), has_taxes=bool(self.rates),
            has_wallet=new.customer_id in self.with_wallet, settings=self.settings, tenant_name=self.tenant_name,
            accounts=dict(self.accounts.get(new.currency, {})),
        )  # fmt: skip


def look(invoices: Sequence[NewInvoice], *, at: datetime) -> Situations:
    """This function will look once for what decides about new invoices of locked customers."""
    references = [new.reference for new in invoices]
    keys, wallets, waiting, coupons, taxes, settings, tenant_name, accounts = _looked(invoices, references)
    by_currency: dict[str, dict[str, UUID]] = {}
    for currency, code, account_id in json.loads(accounts or "[]"):
        by_currency.setdefault(currency, {})[code] = UUID(account_id)
    return Situations(
        keys=frozenset(keys or ()), with_wallet=frozenset(wallets or ()),
        waiting=_pending.waiting_by_reference(references) if waiting else {},
        coupons=_coupons.held_by_reference(references, at=at) if coupons else {},
        rates=_taxes.rates_at(at) if taxes else [], settings=_settings.current() if settings else _settings.defaults(),
        tenant_name=tenant_name, accounts=by_currency,
    )  # fmt: skip


def _looked(invoices: Sequence[NewInvoice], references: Sequence[str]) -> tuple[Any, ...]:
    here = tenancy.require()
    values: dict[str, Any] = {
        "here": here.environment_id, "tenant": here.tenant_id, "references": list(references),
        "keys": [new.key for new in invoices], "customers": list({new.customer_id for new in invoices}),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, values)
        found: tuple[Any, ...] = cursor.fetchone()
    return found
