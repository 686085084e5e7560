"""Which taxes a line has: rates, and what the customer is to the tax office.

Pure. A rate counts for a line with its tax code and a customer in its country and region; an empty code is the rate of
lines without one, an empty country or region counts everywhere. Where the country of a customer is not known, only
rates without a country count.

An exempt customer has no taxes. Under the reverse charge the customer owes the tax himself: each rate of his country
that would have counted is shown with 0 %, so that the document says so; where there is none, one line says it. It
applies to customers who are marked so, and to businesses of the European Union that buy across a border inside it: the
company and the customer are in different member states, and the customer has a valid VAT id of his own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from core import tax_ids

FINEST_PERCENTAGE: Final = Decimal("0.000001")
REVERSE_CHARGE_CODE: Final = "reverse_charge"
REVERSE_CHARGE_NAME: Final = "Reverse charge"


class Treatment(StrEnum):
    """What a customer is to the tax office."""

    NONE = "none"
    EXEMPT = "exempt"
    REVERSE_CHARGE = "reverse_charge"


@dataclass(frozen=True, kw_only=True)
class AppliedTax:
    """A tax on a line. `percentage` is of 100, and 0 when the customer owes the tax himself."""

    code: str
    name: str
    country: str
    percentage: Decimal
    is_reverse_charge: bool = False


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A rate that is in force; see `billing.models.TaxRate`."""

    code: str
    name: str
    percentage: Decimal
    country: str = ""
    region: str = ""
    tax_code: str = ""

    def counts_in(self, country: str, region: str) -> bool:
        """This function will tell whether the rate counts for somebody there."""
        here = self.country in ("", country)
        return here and (not self.region or _plain(self.region) == _plain(region))


@dataclass(frozen=True, kw_only=True)
class TaxRules:
    """The taxes of one customer at one instant. `rates` are those that count where he is; without any there are none.

    Two rates on one line have the same base and are not compounded.
    """

    rates: tuple[Rate, ...] = ()
    treatment: Treatment = Treatment.NONE
    country: str = ""

    def for_line(self, tax_code: str) -> tuple[AppliedTax, ...]:
        """This function will return the taxes of a line by its tax code."""
        if self.treatment is Treatment.EXEMPT:
            return ()
        counting = [rate for rate in self.rates if rate.tax_code == tax_code]
        if self.treatment is Treatment.REVERSE_CHARGE:
            his = tuple(_reversed(rate) for rate in counting if rate.country)
            return his or (_noted(self.country),)
        return tuple(_applied(rate) for rate in counting)


def rules(rates: Iterable[Rate], *, treatment: Treatment, country: str, region: str) -> TaxRules:
    """This function will return the rules for somebody in a country (ISO 3166, "" if unknown) and region."""
    here = tuple(rate for rate in rates if rate.counts_in(country, region))
    return TaxRules(rates=here, treatment=treatment, country=country)


def treatment(
    exemption: str, *, company_country: str, country: str, his_tax_ids: Iterable[Mapping[str, str]]
) -> Treatment:
    """This function will return how a customer is treated: as he is marked, or by where both are and his VAT ids.

    An id of another member state than the customer's own country does not count.
    """
    marked = Treatment(exemption)
    if marked is not Treatment.NONE:
        return marked
    crosses = company_country != country and {company_country, country} <= tax_ids.EU
    if crosses and any(tax_ids.vat_country(one["type"], one["value"]) == country for one in his_tax_ids):
        return Treatment.REVERSE_CHARGE
    return Treatment.NONE


def _applied(rate: Rate) -> AppliedTax:
    return AppliedTax(code=rate.code, name=rate.name, country=rate.country, percentage=rate.percentage)


def _reversed(rate: Rate) -> AppliedTax:
    return AppliedTax(
        code=rate.code, name=rate.name, country=rate.country, percentage=Decimal(0), is_reverse_charge=True
    )


def _noted(country: str) -> AppliedTax:
    return AppliedTax(
        code=REVERSE_CHARGE_CODE, name=REVERSE_CHARGE_NAME, country=country, percentage=Decimal(0),
        is_reverse_charge=True,
    )  # fmt: skip


def _plain(region: str) -> str:
    return region.strip().casefold()
