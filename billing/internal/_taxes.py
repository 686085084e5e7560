"""The taxes of a customer."""

from collections.abc import Sequence
from datetime import datetime

from accounts.selectors import CustomerView
from billing import taxation
from billing.models import BillingSettings, TaxRate
from billing.taxation import Rate, TaxRules, Treatment


def rules_for(customer: CustomerView, settings: BillingSettings, at: datetime, *, look: bool = True) -> TaxRules:
    """This function will return the taxes of a customer at an instant, by at most one query.

    `look` is false where it is known that there are no rates.
    """
    is_free = not look or _treatment(customer, settings) is Treatment.EXEMPT
    rows = [] if is_free else list(TaxRate.objects.in_force(at).filter(country__in={"", customer.country or ""}))
    return rules_of(customer, settings, [_rate(row) for row in rows])


def rates_at(at: datetime) -> list[Rate]:
    """This function will return every rate that is in force at an instant."""
    return [_rate(row) for row in TaxRate.objects.in_force(at)]


def rules_of(customer: CustomerView, settings: BillingSettings, rates: Sequence[Rate]) -> TaxRules:
    """This function will return the taxes of a customer, given the rates that are in force."""
    country, region = customer.country or "", customer.address.get("state", "")
    return taxation.rules(rates, treatment=_treatment(customer, settings), country=country, region=region)


def _treatment(customer: CustomerView, settings: BillingSettings) -> Treatment:
    return taxation.treatment(
        customer.tax_exemption, company_country=settings.country, country=customer.country or "",
        his_tax_ids=customer.tax_ids,
    )  # fmt: skip


def _rate(row: TaxRate) -> Rate:
    return Rate(
        code=row.code, name=row.name, percentage=row.percentage, country=row.country, region=row.region,
        tax_code=row.tax_code,
    )  # fmt: skip
