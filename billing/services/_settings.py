"""Deciding how an environment bills."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from django.db import transaction

from billing.models import BillingSettings
from billing.signals import BillingSettingsChanged
from core import errors, events, tax_ids
from core.actor import Actor

LONGEST_TERMS_DAYS: Final = 365
LONGEST_GRACE_HOURS: Final = 720
ADDRESS: Final = ("line1", "line2", "city", "postal_code", "state")
_PLAIN: Final = ("company_name", "notes", "footer", "sends_invoices", "tax_behavior")


class BillingSettingsInvalid(errors.Invalid):
    """`field` is the member that is wrong."""

    code = "billing_settings_invalid"
    title = "The settings make no sense."


@transaction.atomic
def change_billing_settings(*, changes: Mapping[str, Any], actor: Actor, now: datetime) -> BillingSettings:
    """This function will change some of the environment's settings and publish it, if anything differs.

    They count for what is issued from now on; what is finalized keeps what it says. An environment without settings
    has the defaults.

    :raises BillingSettingsInvalid: naming the member that makes no sense.
    :raises core.tax_ids.TaxIdInvalid: if a tax id is not one of its scheme.
    """
    row = _locked(now)
    wanted = {name: check_billing_setting(name, value) for name, value in changes.items()}
    changed = sorted(name for name, value in wanted.items() if getattr(row, name) != value)
    if not changed:
        return row
    for name in changed:
        setattr(row, name, wanted[name])
    row.updated_at = now
    row.save(update_fields=[*changed, "updated_at"])
    events.publish(BillingSettingsChanged(subject=row.public_id, actor=actor.label, at=now, changed=tuple(changed)))
    return row


def _locked(now: datetime) -> BillingSettings:
    row = BillingSettings.objects.select_for_update().first()
    if row is None:
        # Two requests may be the first at the same time; whoever comes second finds the first one's row.
        BillingSettings.objects.bulk_create([BillingSettings(updated_at=now)], ignore_conflicts=True)
        row = BillingSettings.objects.select_for_update().get()
    return row


def check_billing_setting(name: str, value: Any) -> Any:
    """This function will return one setting as it is stored.

    :raises BillingSettingsInvalid, core.tax_ids.TaxIdInvalid: as `change_billing_settings`.
    """
    if name in _PLAIN:
        return value
    if name not in _READERS:
        raise TypeError(f"there is no setting {name}")
    return _READERS[name](value)


def _country(code: str) -> str:
    if code and not re.fullmatch("[A-Z]{2}", code):
        raise BillingSettingsInvalid("A country is an ISO 3166 code of two letters.", field="country")
    return code


def _address(address: Any) -> dict[str, str]:
    if not isinstance(address, Mapping) or not set(address) <= set(ADDRESS) or not _all_texts(address.values()):
        raise BillingSettingsInvalid(f"An address has the texts {', '.join(ADDRESS)}.", field="address")
    return dict(address)


def _tax_ids(listed: Any) -> list[dict[str, str]]:
    is_list = isinstance(listed, list) and all(isinstance(one, Mapping) for one in listed)
    if not is_list or not all(set(one) == {"type", "value"} and _all_texts(one.values()) for one in listed):
        raise BillingSettingsInvalid("Tax ids are a list of a type and a value each.", field="tax_ids")
    return tax_ids.checked(listed)


def _all_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _locale(tag: str) -> str:
    try:
        Locale.parse(tag.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        raise BillingSettingsInvalid("This is no locale such as de or pt-BR.", field="locale") from None
    return tag


def _payment_url(url: str) -> str:
    if url and not re.fullmatch(r"https://[^\s{}]+(\{invoice\}[^\s{}]*)?", url):
        raise BillingSettingsInvalid("A payment link begins with https:// and may have {invoice} in it.",
                                     field="payment_url")  # fmt: skip
    return url


def _logo(path: str) -> str:
    if path and not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*", path):
        raise BillingSettingsInvalid("A logo is a path in the document storage.", field="logo")
    return path


def _up_to(field: str, most: int) -> Callable[[int], int]:
    def read(value: int) -> int:
        if not 0 <= value <= most:
            raise BillingSettingsInvalid(f"The number is from 0 to {most}.", field=field)
        return value

    return read


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "address": _address,
    "country": _country,
    "tax_ids": _tax_ids,
    "payment_url": _payment_url,
    "locale": _locale,
    "logo": _logo,
    "terms_days": _up_to("terms_days", LONGEST_TERMS_DAYS),
    "grace_hours": _up_to("grace_hours", LONGEST_GRACE_HOURS),
}
