"""The bodies of the billing settings."""

from rest_framework import serializers

from billing.models import Invoice
from billing.services import LONGEST_GRACE_HOURS, LONGEST_TERMS_DAYS
from core.http.serializers import Choice, RequestBody, ResponseBody, StrictBool, StrictInt, StrictString

COUNTRY = r"[A-Z]{2}"
MOST_TAX_IDS = 10


class CompanyAddress(RequestBody):
    """Where the company is."""

    line1 = StrictString(max_length=200, required=False, allow_blank=True)
    line2 = StrictString(max_length=200, required=False, allow_blank=True)
    city = StrictString(max_length=100, required=False, allow_blank=True)
    postal_code = StrictString(max_length=20, required=False, allow_blank=True)
    state = StrictString(max_length=100, required=False, allow_blank=True)


class CompanyTaxId(RequestBody):
    """A tax id of the company's own."""

    type = StrictString(max_length=20, pattern=r"[a-z]{2}_[a-z_]{2,16}")
    value = StrictString(max_length=30, pattern=r"[A-Z0-9][A-Z0-9 ./-]{1,29}")


class UpdateBillingSettings(RequestBody):
    """They count for what is issued from now on."""

    company_name = StrictString(max_length=200, required=False, allow_blank=True)
    address = CompanyAddress(required=False)
    country = StrictString(max_length=2, pattern=COUNTRY, required=False, allow_blank=True)
    tax_ids = CompanyTaxId(many=True, required=False, max_length=MOST_TAX_IDS)  # type: ignore[call-arg]
    logo = StrictString(max_length=300, required=False, allow_blank=True)
    notes = StrictString(max_length=2000, required=False, allow_blank=True, multiline=True)
    footer = StrictString(max_length=500, required=False, allow_blank=True, multiline=True)
    payment_url = StrictString(max_length=500, required=False, allow_blank=True)
    locale = StrictString(max_length=20, required=False)
    tax_behavior = Choice(Invoice.TaxBehavior.choices, required=False)
    terms_days = StrictInt(min_value=0, max_value=LONGEST_TERMS_DAYS, required=False)
    grace_hours = StrictInt(min_value=0, max_value=LONGEST_GRACE_HOURS, required=False)
    sends_invoices = StrictBool(required=False)


class BillingSettingsBody(ResponseBody):
    """How the environment bills."""

    company_name = StrictString()
    address = serializers.DictField(child=serializers.CharField())
    country = StrictString()
    tax_ids = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    logo = StrictString()
    notes = StrictString()
    footer = StrictString()
    payment_url = StrictString()
    locale = StrictString()
    tax_behavior = Choice(Invoice.TaxBehavior.choices)
    terms_days = StrictInt()
    grace_hours = StrictInt()
    sends_invoices = StrictBool()
