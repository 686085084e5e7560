"""The console's page on which an invoice tells how it came about."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action

from billing import explaining, selectors, services
from billing.selectors import Explanation
from core import clock, console, tenancy

CHANGELIST, CHANGE = "admin:billing_invoice_changelist", "admin:billing_invoice_change"


class Explained:
    """A button of the invoice's page, for everybody who may see the invoice."""

    @action(  # type: ignore[untyped-decorator]
        description="Explain", permissions=["view"], url_path="explain", icon="chat"
    )
    def explain(self: Any, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """This function will show how an invoice came about, and whether it comes out the same today."""
        row = self.get_object(request, object_id)
        if row is None:
            return HttpResponseRedirect(reverse(CHANGELIST))
        with tenancy.scope(row.environment.as_scope()), transaction.atomic():
            told = selectors.explain_invoice(row.id)
            again = services.recompute_invoice(invoice_id=row.id, now=clock.now())
        context = {
            **self.admin_site.each_context(request), "title": f"How {row} came about", "opts": self.opts, "told": told,
            "again": again, "lines": [(line, _money(told, line.amount_minor)) for line in told.lines],
            "figures": figures(told), "moved": moved(told), "back": reverse(CHANGE, args=[row.pk]),
        }  # fmt: skip
        return TemplateResponse(request, "billing/explain.html", context)


def figures(told: Explanation) -> list[tuple[str, str]]:
    """This function will return the sums of an invoice as they are worked out: what, and how much."""
    discounts = [(f"Coupon {one.description}", -one.amount_minor) for one in told.discounts]
    where = "in" if told.tax_behavior == "inclusive" else "on"
    taxes = [(f"{one.name} {_rate(one)} {where} {_money(told, one.base_minor)}", one.tax_minor) for one in told.taxes]
    used = [("Credit used", -told.credit_applied_minor), ("Wallet used", -told.wallet_applied_minor)]
    after = [("Credited", -told.credited_minor), ("Paid", -told.paid_minor), ("Refunded", told.refunded_minor)]
    rows = [
        ("Subtotal", told.subtotal_minor), *discounts, *taxes, ("Total", told.total_minor),
        *((name, minor) for name, minor in (*used, *after) if minor), ("Due", told.due_minor),
    ]  # fmt: skip
    return [(name, _money(told, minor)) for name, minor in rows]


def moved(told: Explanation) -> list[tuple[str, str, str, Any]]:
    """This function will return what came and went: what it was, its link, how much, and when."""
    return [
        (one.kind.replace("_", " "), console.link(one.id, title=one.name), _money(told, one.amount_minor), one.at)
        for one in told.moved
    ]


def _money(told: Explanation, minor: int) -> str:
    return explaining.amount(minor, told.currency)


def _rate(tax: Any) -> str:
    return "(reverse charge)" if tax.is_reverse_charge else explaining.percent(tax.percentage)
