"""Subscriptions on the console, with their history, periods and extensions."""

from django.contrib import admin
from django.db.models import Count

from core.console import Bar, Chart, ConsoleAdmin, ConsoleInline, chart, links, money, tile
from subscriptions import mrr
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
    fields = ("number", "type", "old_status", "new_status", "actor", "reason", "comment", "effective_at", "at")
    ordering = ("-number",)


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
    counted = left.values_list("reason").annotate(number=Count("id")).order_by("-number", "reason")[:MOST_REASONS]
    bars = [Bar(label=one.replace("_", " "), value=n, text=str(n), tone="bad") for one, n in counted]
    return [Chart(title="Why customers leave", bars=bars)]
