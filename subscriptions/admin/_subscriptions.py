"""Subscriptions on the console, with their history, periods and extensions."""

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from core import clock
from core.console import Bar, Chart, ConsoleAdmin, ConsoleInline, actor, chart, links, money, tile, verb
from subscriptions import mrr, services
from subscriptions.models import Extension, Subscription, SubscriptionAddOn, SubscriptionEvent, SubscriptionPeriod


class HistoryInline(ConsoleInline):
    model = SubscriptionEvent
    verbose_name_plural = "History"
    fields = ("number", "type", "old_status", "new_status", "actor", "reason", "effective_at", "at")
    ordering = ("-number",)


class PeriodsInline(ConsoleInline):
    model = SubscriptionPeriod
    verbose_name_plural = "Periods"
    fields = ("number", "starts_at", "ends_at", "timezone", "invoice", "extension")
    ordering = ("-number",)


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
class SubscriptionAdmin(ConsoleAdmin):
    list_display = ("public_id", "customer", "plan", "status", "quantity", "period_ends_at", "renews_at", "created_at")
    list_filter = ("status", "family", "currency", "interval")
    search_fields = ("customer__email", "customer__name", "customer__external_ref__exact", "plan__code__exact")
    list_select_related = ("customer", "plan")
    ordering = ("-id",)
    fields = (
        "status", "customer", "plan", "plan_version", "next_plan_version", "quantity", "currency", "family",
        "worth", "see_also", "period_starts_at", "period_ends_at", "renews_at", "interval_count", "interval",
        "alignment", "anchor_at", "period_index", "term_intervals",
        "trial_starts_at", "trial_ends_at", "unpaid_deadline_at", "cancel_at", "canceled_at", "ends_at", "ended_at",
        "reason", "timezone", "next_timezone", "starts_at", "started_at", "created_at",
    )  # fmt: skip
    readonly_fields = ("worth", "see_also")
    inlines = (HistoryInline, PeriodsInline, AddOnsInline, ExtensionsInline)
    actions_detail = ("cancel_now", "cancel_at_period_end", "undo_cancellation")

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

    @verb(description="Cancel now", permission="cancel", icon="cancel")
    def cancel_now(self, request: HttpRequest, row: Subscription, reason: str) -> str:
        """This function will end the subscription at once."""
        services.cancel_subscription(
            subscription_id=row.pk, at="now", reason=reason, actor=actor(request), now=clock.now()
        )
        return "The subscription is canceled."

    @verb(description="Cancel at period end", permission="cancel", icon="event_busy")
    def cancel_at_period_end(self, request: HttpRequest, row: Subscription, reason: str) -> str:
        """This function will let the subscription end when what is paid for is used up."""
        canceled = services.cancel_subscription(
            subscription_id=row.pk, at="period_end", reason=reason, actor=actor(request), now=clock.now()
        )
        return f"The subscription ends at {canceled.cancel_at:%Y-%m-%d %H:%M} UTC."

    @verb(description="Undo cancellation", permission="cancel", icon="undo")
    def undo_cancellation(self, request: HttpRequest, row: Subscription, reason: str) -> str:
        """This function will let the subscription go on after all."""
        services.undo_cancellation(subscription_id=row.pk, actor=actor(request), now=clock.now())
        return "The subscription goes on."


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
