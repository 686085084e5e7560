"""How the console writes amounts, states and references."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.admin import site
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core import ids
from core.money import format_plain, to_major

NOTHING: Final = "–"

# The color of a state, whosever it is; a word that is not here is gray.
COLORS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "active",
            "paid",
            "succeeded",
            "delivered",
            "redeemed",
            "enabled",
            "success",
            "processed",
            "applied",
            "recovered",
        ),
        "good",
    ),
    **dict.fromkeys(
        (
            "pending",
            "running",
            "trialing",
            "scheduled",
            "processing",
            "created",
            "requested",
            "open",
            "received",
            "released",
        ),
        "busy",
    ),
    **dict.fromkeys(
        (
            "past_due",
            "incomplete",
            "expired",
            "retry",
            "partial",
            "unknown",
            "paused",
            "failed",
            "partially_refunded",
            "lost",
        ),
        "warn",
    ),
    **dict.fromkeys(
        ("dead", "canceled", "uncollectible", "disabled", "denied", "error", "declined", "exhausted", "written_off"),
        "bad",
    ),
}


def money(minor: int | None, currency: str) -> str:
    """This function will return an amount of minor units as people write it, such as `29.00 USD`."""
    return NOTHING if minor is None else format_plain(minor, currency)


def short(minor: int, currency: str) -> str:
    """This function will return an amount as it fits above a bar: without its currency, thousands as k and M."""
    major = to_major(minor, currency)
    for power, mark in ((6, "M"), (3, "k")):
        if abs(major) >= 10 ** (power + 1):
            return f"{major / 10**power:.1f}{mark}"
    return f"{major:f}"


def badge(state: str) -> SafeString:
    """This function will return a state as a colored word."""
    return format_html('<span class="badge badge-{}">{}</span>', COLORS.get(state, "none"), state.replace("_", " "))


def number(value: Decimal | None) -> str:
    """This function will return a quantity without the zeros that only its column needs."""
    return NOTHING if value is None else f"{value.normalize():f}"


def title(row: Any) -> str:
    """This function will return what people call a row: its name where it has one, else its public id."""
    names = (getattr(row, name, "") for name in ("name", "number", "url", "email", "code"))
    return next((name for name in names if name and isinstance(name, str)), "") or str(row.public_id)


def link(public_id: str, *, title: str = "") -> str | SafeString:
    """This function will return a public id as a link to its row's page, or as it is where there is no such page."""
    address, text = _address(public_id), title or public_id or NOTHING
    return format_html('<a class="reference" href="{}">{}</a>', address, text) if address else text


def links(pages: Mapping[str, tuple[str, Mapping[str, Any]]]) -> SafeString:
    """This function will return links to other pages, filtered: title → (`app.model`, the query)."""
    shown = [(address, title) for title, (label, query) in pages.items() if (address := _list_address(label, query))]
    return format_html_join(" · ", '<a class="reference" href="{}">{}</a>', shown)


def _list_address(label: str, query: Mapping[str, Any]) -> str:
    try:
        name = label.replace(".", "_")
        return f"{reverse(f'admin:{name}_changelist')}?{urlencode(query)}"
    except NoReverseMatch:
        return ""


def _address(public_id: str) -> str:
    prefix = public_id.partition("_")[0]
    for model in site._registry:
        if getattr(model, "prefix", None) == prefix and isinstance(model._meta.pk, models.UUIDField):
            return _page_of(model, public_id)
    return ""


def _page_of(model: type[models.Model], public_id: str) -> str:
    try:
        row_id = ids.decode(public_id.partition("_")[0], public_id)
    except ids.MalformedId:
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row_id])
