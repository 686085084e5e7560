"""The bodies of tax rates."""

from core.http.serializers import DecimalText, Instant, PublicId, RequestBody, ResponseBody, StrictString

CODE = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"
COUNTRY = r"[A-Z]{2}"


class UpdateTaxRate(RequestBody):
    """What a rate says never changes: another percentage is another rate."""

    name = StrictString(max_length=100, required=False)
    ends_at = Instant(required=False, allow_null=True)


class CreateTaxRate(RequestBody):
    """`percentage` is of 100. Without a country it counts everywhere, without a tax code for lines without one."""

    code = StrictString(max_length=40, pattern=CODE)
    name = StrictString(max_length=100)
    percentage = DecimalText(max_digits=9, decimal_places=6, max_value=100)
    country = StrictString(max_length=2, pattern=COUNTRY, required=False, allow_blank=True)
    region = StrictString(max_length=100, required=False, allow_blank=True)
    tax_code = StrictString(max_length=40, required=False, allow_blank=True)
    starts_at = Instant(required=False, allow_null=True)
    ends_at = Instant(required=False, allow_null=True)


class TaxRateBody(ResponseBody):
    """A tax rate."""

    id = PublicId("txr")
    code = StrictString()
    name = StrictString()
    percentage = DecimalText(max_digits=9, decimal_places=6)
    country = StrictString()
    region = StrictString()
    tax_code = StrictString()
    starts_at = Instant(allow_null=True)
    ends_at = Instant(allow_null=True)
    archived_at = Instant(allow_null=True)
    created_at = Instant()
