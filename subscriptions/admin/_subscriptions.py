"""Subscriptions on the console, with their history, periods and extensions."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, Count, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.console import Bar, Chart, ConsoleAdmin, ConsoleInline, badge, chart, link, links, money, tile
from subscriptions import mrr, reasons
from subscriptions.admin import _words as words
from subscriptions.admin._buttons import Buttons
from subscriptions.admin._changes import ChangeButton, ScheduledChangesInline
from subscriptions.models import (
    Extension,
    Subscription,
    SubscriptionAddOn,
    SubscriptionEvent,
    SubscriptionPause,
    SubscriptionPeriod,
)


class HistoryInline(ConsoleInline):
    model = SubscriptionEvent
    verbose_name_plural = "History"
    formset = words.HistoryFormSet
    fields = ("number", "happened", "changes", "state", "why", "by", "at")
    readonly_fields = ("happened", "changes", "state", "why", "by")
    ordering = ("-number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SubscriptionEvent]:
        """This function will return the lines with what the subscription was before each."""
        lines: Any = super().get_queryset(request)
        found: QuerySet[SubscriptionEvent] = lines.with_previous()
        return found

    @admin.display(description="What happened")
    def happened(self, row: SubscriptionEvent) -> str:
        """This function will say what kind of line it is, and when it takes effect where that is not at once."""
        later = f", from {row.effective_at:%Y-%m-%d %H:%M} on" if row.effective_at > row.at else ""
        return f"{row.type.replace('_', ' ')}{later}"

    @admin.display(description="What changed")
    def changes(self, row: SubscriptionEvent) -> str | SafeString:
        """This function will say what was another before."""
        return format_html_join("", "<div>{}</div>", ((one,) for one in words.told_changes(row))) or "–"

    @admin.display(description="Status")
    def state(self, row: SubscriptionEvent) -> SafeString:
        """This function will show the status, and the one before where it was another."""
        if row.old_status in ("", row.new_status):
            return badge(row.new_status)
        return format_html('<span class="moment">{} → {}</span>', badge(row.old_status), badge(row.new_status))

    @admin.display(description="Why")
    def why(self, row: SubscriptionEvent) -> str | SafeString:
        """This function will show the reason and the comment; a scheduled change is linked."""
        said = ((link(one),) for one in (row.reason, row.comment) if one)
        return format_html_join("", "<div>{}</div>", said) or "–"

    @admin.display(description="By")
    def by(self, row: SubscriptionEvent) -> SafeString:
        """This function will show who did it, linked where there is a page of him."""
        kind, _, who = row.actor.partition(":")
        return format_html("{} {}", kind, link(who)) if who else format_html("{}", kind)


class PeriodsInline(ConsoleInline):
    model = SubscriptionPeriod
    verbose_name_plural = "Periods"
    fields = ("number", "starts_at", "ends_at", "timezone", "invoice", "extension")
    ordering = ("-number",)


class PausesInline(ConsoleInline):
    model = SubscriptionPause
    verbose_name_plural = "Pauses"
    fields = ("policy", "starts_at", "until_at", "ended_at", "withdrawn_at", "reason")
    ordering = ("-id",)


class AddOnsInline(ConsoleInline):
    model = SubscriptionAddOn
    verbose_name_plural = "Add-ons"
    fields = ("addon", "quantity", "kind", "added_at", "removed_at", "billed_at")
    ordering = ("-id",)


class ExtensionsInline(ConsoleInline):
    model = Extension
    verbose_name_plural = "Bought ahead"
    references = ("source",)
    fields = ("intervals", "first_period", "source", "invoice", "applied_at", "withdrawn_at")
    ordering = ("-id",)


@admin.register(Subscription)
class SubscriptionAdmin(ChangeButton, Buttons, ConsoleAdmin):
    list_display = ("public_id", "customer", "plan", "status", "quantity", "period_ends_at", "renews_at")
    list_filter = ("status", "family", "currency", "interval")
    search_fields = ("customer__email", "customer__name", "customer__external_ref__exact", "plan__code__exact")
    list_select_related = ("customer", "plan")
    ordering = ("-id",)
    fields = (
        "status", "customer", "plan", "plan_version", "next_plan_version", "quantity", "currency", "family",
        "worth", "see_also", "period_starts_at", "period_ends_at", "renews_at", "interval_count", "interval",
        "alignment", "anchor_at", "period_index", "term_intervals",
        "trial_starts_at", "trial_ends_at", "unpaid_deadline_at", "cancel_at", "canceled_at", "ends_at", "ended_at",
        "pauses_at", "paused_at", "resumes_at", "remind_at", "reason", "comment", "timezone", "next_timezone",
        "starts_at", "started_at", "created_at",
    )  # fmt: skip
    readonly_fields = ("worth", "see_also")
    inlines = (ScheduledChangesInline, HistoryInline, PeriodsInline, PausesInline, AddOnsInline, ExtensionsInline)
    actions_detail = ("adjust", *Buttons.NAMES)

    @admin.display(description="Recurring revenue per month")
    def worth(self, row: Subscription) -> str:
        """This function will show what a month of the subscription is worth."""
        return money(mrr.shown(row.mrr), row.currency)

    @admin.display(description="See also")
    def see_also(self, row: Subscription) -> str:
        """This function will link what belongs to the subscription on other pages."""
        about = {"q": row.public_id}
        return links(
            {
                "Invoices": ("billing.invoice", about),
                "Migrations": ("subscriptions.versionmigrationitem", about),
                "Entitlements": ("usage.entitlement", about),
                "Events": ("outbox.outboxevent", about),
                "Audit log": ("audit.entry", about),
            }
        )


MOST_REASONS = 10
TONES = {"active": "good", "trialing": "busy", "scheduled": "busy", "canceled": "bad", "expired": "none"}


def _in_status(status: str) -> int:
    return Subscription.objects.filter(status=status).count()


@tile("Active subscriptions", model="subscriptions.subscription", query="status__exact=active", order=20)
def active() -> int:
    """This function will count the agreements that are paid and running."""
    return _in_status(Subscription.Status.ACTIVE)


@tile("In trial", model="subscriptions.subscription", query="status__exact=trialing", order=25)
def in_trial() -> int:
    """This function will count the trials."""
    return _in_status(Subscription.Status.TRIALING)


@tile("Past due", model="subscriptions.subscription", query="status__exact=past_due", order=30, is_alarm=True)
def past_due() -> int:
    """This function will count the agreements whose payment has failed."""
    return _in_status(Subscription.Status.PAST_DUE)


@chart(model="subscriptions.subscription", order=30)
def subscriptions_by_status() -> list[Chart]:
    """This function will draw how many subscriptions are in each status."""
    counted = dict(Subscription.objects.order_by().values_list("status").annotate(Count("id")))
    statuses = [one for one in Subscription.Status.values if one in counted]
    bars = [
        Bar(label=one.replace("_", " "), value=counted[one], text=str(counted[one]), tone=TONES.get(one, "warn"))
        for one in statuses
    ]
    return [Chart(title="Subscriptions by status", bars=bars)]


@chart(model="subscriptions.subscription", order=35)
def reasons_for_leaving() -> list[Chart]:
    """This function will draw how often each reason was given for a cancellation."""
    left = Subscription.objects.filter(status=Subscription.Status.CANCELED).exclude(reason="").order_by()
    said = Case(When(reason__in=reasons.ENDINGS, then="reason"), default=Value(reasons.CancelReason.OTHER.value))
    counted = left.values_list(said).annotate(number=Count("id")).order_by("-number", said)[:MOST_REASONS]
    bars = [Bar(label=one.replace("_", " "), value=n, text=str(n), tone="bad") for one, n in counted]
    return [Chart(title="Why customers leave", bars=bars)]
