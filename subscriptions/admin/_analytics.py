"""What the business looks like: recurring revenue, churn, cohorts, revenue and cash, drawn."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.http import urlencode

from core import clock, tenancy
from core.console import ConsoleAdmin, drawn, money
from core.models import Environment
from subscriptions import selectors
from subscriptions.admin import _figures as figures
from subscriptions.admin._years import Look, look
from subscriptions.models import MrrMovement
from subscriptions.months import Months
from subscriptions.selectors import Waterfall


@admin.register(MrrMovement)
class AnalyticsAdmin(ConsoleAdmin):
    """Analytics of one environment and currency, and each movement behind them."""

    list_display = ("public_id", "customer", "kind", "currency", "at")
    list_filter = ("kind", "currency")
    search_fields = ("customer__email", "customer__name")
    list_select_related = ("customer",)
    ordering = ("-id",)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        """This function will draw a year, usually the last twelve months, instead of listing the movements."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        environments = _environments()
        asked = request.GET.get("environment")
        chosen = next((one for one in environments if one.public_id == asked), _usual(environments))
        with tenancy.scope(chosen.as_scope()):
            asked_year, asked_month = (request.GET.get(name, "") for name in ("year", "month"))
            seen = look(asked_year, asked_month, since=selectors.find_first_month(), now=clock.now())
            shown = _shown(request, seen)
        pills = _pills("environment", [(one.public_id, str(one)) for one in environments], chosen.public_id, {})
        kept = {"environment": chosen.public_id, "currency": shown["currency"]}
        years = [("", "Last twelve months"), *((one, one) for one in seen.years)]
        context = {
            **self.admin_site.each_context(request), "title": "Analytics", "opts": self.opts, **shown,
            "environments": pills,
            "currencies": _pills("currency", [(one, one) for one in shown["known"]], shown["currency"], kept),
            "chosen_year": _pills("year", years, seen.year, kept),
            "chosen_month": _pills(
                "month", [("", "All months"), *_names(seen.months)], seen.month, {**kept, "year": seen.year}
            ),
        }  # fmt: skip
        return TemplateResponse(request, "subscriptions/analytics.html", context)


def _environments() -> list[Any]:
    """All of them; `moves` tells whether anything has moved there."""
    moved = MrrMovement.objects.filter(environment=OuterRef("pk"))
    rows = Environment.objects.of_tenants().select_related("tenant").annotate(moves=Exists(moved))
    return list(rows.order_by("tenant__name", "slug"))


def _usual(environments: Sequence[Any]) -> Any:
    """A live environment rather than a sandbox, but one in which something has moved rather than none."""
    return min(environments, key=lambda one: (not one.moves, one.slug != "live"))


def _shown(request: HttpRequest, seen: Look) -> dict[str, Any]:
    months = seen.months
    churn = {one.currency: one for one in selectors.list_churn(months)}
    books = {one.currency: one for one in selectors.list_ledgers(months)}
    known = sorted({*churn, *books})
    asked = request.GET.get("currency", "")
    currency = asked if asked in known else _busiest(churn.values()) or next(iter(known), "")
    moved, book = churn.get(currency), books.get(currency)
    cohorts = selectors.list_cohorts(months, currency) if moved else ()
    return {
        "currency": currency, "known": known, "unknown": seen.unknown, "moved": moved,
        "charts": [drawn(one) for one in figures.charts(moved, book, seen.month)],
        "table": figures.table(moved) if moved else [],
        "reasons": [(one.reason or "–", one.customers, money(one.mrr_minor, currency)) for one in _reasons(moved)],
        "cohorts": [figures.cohort(one) for one in cohorts], "numbers": range(len(list(months))),
    }  # fmt: skip


def _reasons(moved: Waterfall | None) -> Sequence[selectors.Reason]:
    return () if moved is None else moved.reasons


def _names(months: Months) -> list[tuple[str, str]]:
    return [(f"{one:%Y-%m}", f"{one:%Y-%m}") for one in months]


def _busiest(moved: Iterable[Waterfall]) -> str:
    """The currency of most customers."""
    counted = [(one.total.customers_end, one.currency) for one in moved]
    return max(counted)[1] if counted else ""


def _pills(name: str, choices: Iterable[tuple[str, str]], chosen: str, kept: dict[str, str]) -> list[dict[str, Any]]:
    """Links that choose one of some, and keep what else was chosen."""
    return [
        {"title": title, "query": urlencode({**kept, name: value}), "is_on": value == chosen}
        for value, title in choices
    ]
