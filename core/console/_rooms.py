"""The sidebar: the rooms of the house, each with its pages."""

from typing import Any

from django.contrib.admin import site
from django.http import HttpRequest
from django.urls import reverse

# The sidebar: title, icon (Material Symbols), model. A page appears as soon as its app registers the model.
ROOMS: dict[str, list[tuple[str, str, str]]] = {
    "Customers": [
        ("Customers", "group", "accounts.customer"),
        ("API keys", "key", "accounts.apikey"),
        ("Users", "badge", "accounts.user"),
        ("Memberships", "diversity_3", "accounts.membership"),
        ("Approvals", "fact_check", "accounts.approval"),
    ],
    "Catalog": [
        ("Plans", "inventory_2", "catalog.plan"),
        ("Plan versions", "history_edu", "catalog.planversion"),
        ("Prices", "sell", "catalog.price"),
        ("Add-ons", "add_circle", "catalog.addon"),
    ],
    "Subscriptions": [
        ("Subscriptions", "autorenew", "subscriptions.subscription"),
        ("Analytics", "monitoring", "subscriptions.mrrmovement"),
        ("Subscription settings", "rule", "subscriptions.subscriptionsettings"),
        ("Scheduled changes", "event_upcoming", "subscriptions.scheduledchange"),
        ("Migrations", "move_up", "subscriptions.versionmigration"),
        ("Migrated", "checklist", "subscriptions.versionmigrationitem"),
    ],
    "Billing": [
        ("Invoices", "receipt_long", "billing.invoice"),
        ("Dunning", "notification_important", "billing.dunningcase"),
        ("Dunning policies", "rule_settings", "billing.dunningpolicy"),
        ("Credit notes", "assignment_return", "billing.creditnote"),
        ("Coupons", "local_offer", "billing.coupon"),
        ("Redemptions", "loyalty", "billing.couponredemption"),
        ("Tax rates", "percent", "billing.taxrate"),
        ("Settings", "tune", "billing.billingsettings"),
        ("Wallets", "account_balance_wallet", "billing.wallet"),
        ("Wallet movements", "swap_vert", "billing.wallettransaction"),
        ("Trial balance", "balance", "billing.account"),
        ("Journal", "menu_book", "billing.journal"),
    ],
    "Payments": [
        ("Payments", "payments", "payments.payment"),
        ("Attempts", "sync_alt", "payments.paymentattempt"),
        ("Refunds", "undo", "payments.refund"),
        ("Payment methods", "credit_card", "payments.paymentmethod"),
        ("Attachments", "add_card", "payments.paymentmethodattachment"),
        ("Gateway events", "move_to_inbox", "payments.gatewayevent"),
    ],
    "Usage": [
        ("Meters", "speed", "usage.meter"),
        ("Events", "bolt", "usage.usageevent"),
        ("Entitlements", "verified", "usage.entitlement"),
        ("Counters", "data_usage", "usage.usagecounter"),
    ],
    "Gifts": [("Gifts", "redeem", "gifts.gift")],
    "Webhooks": [
        ("Endpoints", "webhook", "webhooks.endpoint"),
        ("Deliveries", "send", "webhooks.delivery"),
    ],
    "Engine room": [
        ("Queues", "stacked_bar_chart", "jobs.queuehour"),
        ("Jobs", "work_history", "jobs.job"),
        ("Scheduled", "event_upcoming", "jobs.scheduledjob"),
        ("Outbox", "outbox", "outbox.outboxevent"),
        ("Audit log", "policy", "audit.entry"),
        ("Feature flags", "toggle_on", "featureflags.flagoverride"),
        ("Idempotency keys", "repeat_one", "core.idempotencyrecord"),
        ("Environments", "public", "core.environment"),
    ],
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """This function will return the console's rooms, each with the pages that the operator may see."""
    rooms = [(title, [_page(*one) for one in pages if _is_seen(request, one[2])]) for title, pages in ROOMS.items()]
    return [{"title": title, "separator": True, "items": pages} for title, pages in rooms if pages]


def _is_seen(request: HttpRequest, label: str) -> bool:
    app, name = label.split(".")
    is_there = any(model._meta.label_lower == label for model in site._registry)
    return is_there and bool(request.user.has_perm(f"{app}.view_{name}"))


def _page(title: str, icon: str, label: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(f"admin:{label.replace('.', '_')}_changelist")}
