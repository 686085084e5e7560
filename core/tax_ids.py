"""Tax ids and the union that trusts them: checked by their own digits, without asking anybody.

Whether an authority knows an id is its own affair; a typing mistake is found here. Pure.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from stdnum.eu.vat import MEMBER_STATES
from stdnum.exceptions import ValidationError

from core import errors

# The scheme's name, and the module of python-stdnum that knows its digits.
_SCHEMES: Final = {
    "ar_cuit": "ar.cuit", "au_abn": "au.abn", "br_cnpj": "br.cnpj", "br_cpf": "br.cpf", "ca_bn": "ca.bn",
    "ch_vat": "ch.vat", "cl_tin": "cl.rut", "cn_tin": "cn.uscc", "co_nit": "co.nit", "ec_ruc": "ec.ruc",
    "eu_vat": "eu.vat", "gb_vat": "gb.vat", "il_vat": "il.hp", "in_gst": "in_.gstin", "is_vat": "is_.vsk",
    "jp_cn": "jp.cn", "kr_brn": "kr.brn", "mx_rfc": "mx.rfc", "no_vat": "no.mva", "nz_gst": "nz.ird",
    "pe_ruc": "pe.ruc", "ru_inn": "ru.inn", "sg_uen": "sg.uen", "th_vat": "th.tin", "tr_tin": "tr.vkn",
    "tw_vat": "tw.ubn", "us_ein": "us.ein", "za_tin": "za.tin",
}  # fmt: skip
_MODULES: Final[dict[str, Any]] = {scheme: import_module(f"stdnum.{name}") for scheme, name in _SCHEMES.items()}

EU_VAT: Final = "eu_vat"
# Northern Ireland has VAT ids of the union, for goods, and is no member of it.
EU: Final = frozenset(code.upper() for code in MEMBER_STATES) - {"XI"}
# Greece writes its ids by the name it has for itself.
_COUNTRIES: Final = {"EL": "GR"}


class TaxIdInvalid(errors.Invalid):
    """`tax_id` is its number in the list, from 1, `scheme` its type."""

    code = "tax_id_invalid"
    title = "The tax id is not one of its scheme: its form or its check digits are wrong."


def checked(tax_ids: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """This function will return `{"type", "value"}` pairs as they are stored: without spaces and punctuation.

    Ids of a scheme that is not known here pass as they are.

    :raises TaxIdInvalid: at the first that is not valid.
    """
    return [
        {"type": one["type"], "value": _checked(number, one["type"], one["value"])}
        for number, one in enumerate(tax_ids, start=1)
    ]


def is_valid(scheme: str, value: str) -> bool:
    """This function will tell whether an id is valid, as far as its scheme is known."""
    return scheme not in _MODULES or bool(_MODULES[scheme].is_valid(value))


def vat_country(scheme: str, value: str) -> str:
    """This function will return the member state (ISO 3166) of a valid VAT id of the union, "" for any other id."""
    if scheme != EU_VAT or not is_valid(scheme, value):
        return ""
    country = value[:2].upper()
    found = _COUNTRIES.get(country, country)
    return found if found in EU else ""


def _checked(number: int, scheme: str, value: str) -> str:
    module = _MODULES.get(scheme)
    if module is None:
        return value
    try:
        return str(module.validate(value))
    except ValidationError:
        raise TaxIdInvalid(tax_id=number, scheme=scheme) from None
