"""The console's page of a customer's statement."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from billing import selectors
from billing.models import Wallet
from billing.selectors import Statement
from core import clock, console, tenancy

PERIOD = timedelta(days=366)


class Stated:
    """The statement behind a wallet's page: what its customer owed over the last year, and the wallet beside it."""

    def get_urls(self: Any) -> list[URLPattern]:
        """This function will add the page to those of the wallet."""
        page = path(
            "<uuid:wallet_id>/statement/", self.admin_site.admin_view(self.show_statement),
            name="billing_wallet_statement",
        )  # fmt: skip
        return [page, *super().get_urls()]  # type: ignore[misc]

    @admin.display(description="Statement")
    def statement(self, row: Wallet) -> str:
        """This function will link the page."""
        address = reverse("admin:billing_wallet_statement", args=[row.pk])
        return format_html('<a class="reference" href="{}">What was owed and stored, event by event</a>', address)

    def show_statement(self: Any, request: HttpRequest, wallet_id: Any) -> HttpResponseBase:
        """This function will show what the customer owed and had stored over the last 366 days."""
        row = self.get_object(request, str(wallet_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        with tenancy.scope(row.environment.as_scope()), transaction.atomic():
            now = clock.now() + timedelta(microseconds=1)  # what happened at this very moment is in it
            told = selectors.get_statement(row.customer_id, row.currency, starts_at=now - PERIOD, ends_at=now)
        context = {
            **self.admin_site.each_context(request), "title": f"Statement of {row.customer}", "opts": self.opts,
            "told": told, "owed": _owed(told), "stored": _stored(told),
            "back": reverse("admin:billing_wallet_change", args=[row.pk]),
        }  # fmt: skip
        return TemplateResponse(request, "billing/statement.html", context)


def _owed(told: Statement) -> list[tuple[Any, ...]]:
    opening = (told.starts_at, "opening balance", "", "", "", console.money(told.opening_minor, told.currency))
    return [opening] + [
        (
            one.at, one.kind.replace("_", " "), console.link(one.reference.partition(":")[2], title=one.number or ""),
            *(console.money(minor, told.currency) for minor in (one.amount_minor, one.change_minor, one.balance_minor)),
        )
        for one in told.entries
    ]  # fmt: skip


def _stored(told: Statement) -> list[tuple[Any, ...]]:
    opening = (told.starts_at, "opening balance", "", "", console.money(told.wallet.opening_minor, told.currency))
    return [opening] + [
        (
            one.at, one.kind, one.description,
            *(console.money(minor, told.currency) for minor in (one.change_minor, one.balance_minor)),
        )
        for one in told.wallet.entries
    ]  # fmt: skip
