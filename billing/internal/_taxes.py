"""The taxes of a customer."""

from datetime import datetime

from accounts.selectors import CustomerView
from billing import taxation
from billing.models import BillingSettings, TaxRate
from billing.taxation import Rate, TaxRules, Treatment


def rules_for(customer: CustomerView, settings: BillingSettings, at: datetime, *, look: bool = True) -> TaxRules:
    """This function will return the taxes of a customer at an instant, by at most one query.

    `look` is false where it is known that there are no rates.
    """
    country, region = customer.country or "", customer.address.get("state", "")
    treatment = taxation.treatment(
        customer.tax_exemption, company_country=settings.country, country=country, his_tax_ids=customer.tax_ids
    )
    is_free = treatment is Treatment.EXEMPT or not look
    rows = [] if is_free else list(TaxRate.objects.in_force(at).filter(country__in={"", country}))
    return taxation.rules([_rate(row) for row in rows], treatment=treatment, country=country, region=region)


def _rate(row: TaxRate) -> Rate:
    return Rate(
        code=row.code, name=row.name, percentage=row.percentage, country=row.country, region=row.region,
        tax_code=row.tax_code,
    )  # fmt: skip
