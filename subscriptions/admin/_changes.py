"""Changing a subscription on the console, with what it costs shown first; and what waits for its time."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.selectors import Explanation, list_redemptions
from catalog.selectors import find_addon, find_plan
from core import clock, errors
from core.console import ConsoleAdmin, ConsoleInline, ReasonForm, actor, in_state, link, links, money, title, verb
from subscriptions import mrr, services, states
from subscriptions.admin import _words as words
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.services import ChangePreview, Wanted

MOST_UNITS = 1_000_000
WHAT = ("plan", "quantity", "addons", "coupon", "remove_coupons", "anchor")
WHEN = (("now", "Now"), ("period_end", "With the next period"), ("date", "At the instant below"))
PRORATION = (("", "As usual"), *((one.value, one.value.replace("_", " ")) for one in Behavior))


class NotOnOffer(errors.Invalid):
    code = "not_on_offer"
    title = "There is no such plan or add-on."


def _text(help_text: str, **more: Any) -> forms.CharField:
    return forms.CharField(
        required=False, max_length=200, widget=UnfoldAdminTextInputWidget(), help_text=help_text, **more
    )


def _instant(help_text: str) -> forms.DateTimeField:
    widget = UnfoldAdminTextInputWidget(attrs={"placeholder": "2027-01-31 00:00"})
    return forms.DateTimeField(required=False, widget=widget, help_text=help_text)


class ChangeForm(ReasonForm):
    """What is to be another, and when. What is left empty stays as it is."""

    plan = _text("Code of the plan.")
    quantity = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_UNITS, widget=UnfoldAdminIntegerFieldWidget(),
        help_text="How many of the plan's units.",
    )  # fmt: skip
    addons = _text("Codes and how many of each, such as support=2, storage=0; 0 removes one.", label="Add-ons")
    coupon = _text("Code of a coupon to be redeemed.")
    remove_coupons = _text("Codes of coupons to be taken off, separated by commas.", label="Coupons taken off")
    anchor = _instant("In UTC: up to when a short period runs, after which periods begin then.")
    when = forms.ChoiceField(choices=WHEN, widget=UnfoldAdminSelectWidget(), help_text="When it takes effect.")
    date = _instant("In UTC; for a change at an instant.")
    proration = forms.ChoiceField(
        choices=PRORATION, required=False, widget=UnfoldAdminSelectWidget(),
        help_text="What the rest of the period costs.",
    )  # fmt: skip
    field_order = ("plan", "quantity", "addons", "coupon", "remove_coupons", "anchor", "when", "date", "proration")

    def clean_addons(self) -> dict[str, int]:
        """This function will read codes and quantities."""
        found = {}
        for part in filter(None, (one.strip() for one in self.cleaned_data["addons"].split(","))):
            code, _, count = (word.strip() for word in part.partition("="))
            if not code or not count.isdecimal() or int(count) > MOST_UNITS:
                raise forms.ValidationError("Write code=quantity, separated by commas.")
            found[code] = int(count)
        return found

    def clean_remove_coupons(self) -> tuple[str, ...]:
        """This function will read codes."""
        return tuple(filter(None, (one.strip() for one in self.cleaned_data["remove_coupons"].split(","))))

    def clean(self) -> dict[str, Any]:
        """This function will refuse a change of nothing, and an instant that is missing."""
        known: dict[str, Any] = super().clean() or {}
        if not any(known.get(name) for name in WHAT):
            raise forms.ValidationError("At least one thing is to be another afterwards.")
        if known.get("when") == "date" and not known.get("date"):
            raise forms.ValidationError({"date": "An instant is needed."})
        return known


def _now(row: Subscription) -> SafeString:
    """What the subscription is now, as it is shown above the form."""
    coupons = list_redemptions([row.public_id]).get(row.public_id, ())
    addons = row.addons.filter(removed_at=None).select_related("addon").order_by("id")
    until = f"{row.period_ends_at:%Y-%m-%d %H:%M} UTC" if row.period_ends_at else ""
    told = {
        "Plan": f"{row.plan.name} ({row.plan.code})", "Quantity": str(row.quantity),
        "Add-ons": ", ".join(f"{one.addon.name} ({one.addon.code}) × {one.quantity}" for one in addons),
        "Coupons": ", ".join(one.code for one in coupons), "Per month": money(mrr.shown(row.mrr), row.currency),
        "Period ends": until,
    }  # fmt: skip
    return _table("Now", [(title, text or "–") for title, text in told.items()])


def _cost(request: HttpRequest, row: Subscription, **given: Any) -> SafeString:
    """What a change would cost, as it is shown under the form."""
    return _shown(services.preview_change(**_asked(request, row, given)))


def _is_changeable(row: Subscription) -> bool:
    return row.status in states.CHANGEABLE


class ChangeButton:
    """The button of a subscription's page."""

    @verb(
        description="Change",
        permission="adjust",
        icon="tune",
        form=ChangeForm,
        preview=_cost,
        present=_now,
        possible=_is_changeable,
    )
    def adjust(self, request: HttpRequest, row: Subscription, **given: Any) -> str:
        """This function will change the subscription, or have it changed later."""
        done = services.change_subscription(**_asked(request, row, given))
        if done.change is not None:
            return f"It will change at {done.change.takes_effect_at:%Y-%m-%d %H:%M} UTC."
        return f"The subscription is changed; {done.invoice} bills it." if done.invoice else "It is changed."


class ToldChange:
    """The columns that say in words what is wanted, how, when, and what is to be said of it."""

    COLUMNS = ("what", "proration", "effective", "note")

    @admin.display(description="Wanted")
    def what(self, row: ScheduledChange) -> str:
        """This function will say what is to change."""
        return words.told_wanted(row)

    @admin.display(description="Rest of the period", ordering="behavior")
    def proration(self, row: ScheduledChange) -> str:
        """This function will say what becomes of the rest of the period."""
        return row.behavior.replace("_", " ") or "as usual"

    @admin.display(description="Takes effect", ordering="effective_at")
    def effective(self, row: ScheduledChange) -> SafeString:
        """This function will say when it takes effect."""
        text = f"{row.effective_at:%Y-%m-%d %H:%M} UTC" if row.effective_at else "with the next period"
        return format_html('<span class="moment">{}</span>', text)

    @admin.display(description="Note")
    def note(self, row: ScheduledChange) -> str | SafeString:
        """This function will say why it failed, or why it was withdrawn."""
        if row.state != ScheduledChange.State.FAILED:
            return row.error or "–"
        return format_html('<span class="refused">{}</span>', row.error or "–")


class ScheduledChangesInline(ToldChange, ConsoleInline):
    model = ScheduledChange
    formset = words.ChangesFormSet
    verbose_name_plural = "Scheduled changes"
    fields = ("what", "proration", "effective", "state", "note", "invoice", "created_by", "settled_at")
    readonly_fields = ToldChange.COLUMNS
    ordering = ("-id",)


@admin.register(ScheduledChange)
class ScheduledChangeAdmin(ToldChange, ConsoleAdmin):
    list_display = ("public_id", "customer", "of", "what", "effective", "state", "note")
    list_filter = ("state", "effective_at")
    search_fields = (
        "subscription__customer__email", "subscription__customer__name",
        "subscription__customer__external_ref__exact", "error",
    )  # fmt: skip
    search_ids: ClassVar = {"cus": "subscription__customer_id"}
    list_select_related = ("subscription__customer", "subscription__plan")
    ordering = ("-id",)
    fields = (
        "customer", "subscription", "what", "proration", "effective", "state", "note", "invoice", "replaces",
        "see_also", "created_by", "created_at", "settled_at",
    )  # fmt: skip
    readonly_fields = ("customer", *ToldChange.COLUMNS, "see_also")
    actions_detail = ("withdraw",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """This function will return the list, whose rows know what the plans and add-ons in them are called."""
        shown = super().get_changelist_instance(request)
        words.name_all(shown.result_list, words.in_wanted)
        return shown

    @admin.display(description="Customer", ordering="subscription__customer__name")
    def customer(self, row: ScheduledChange) -> str | SafeString:
        """This function will link whose subscription is to change."""
        customer = row.subscription.customer
        return link(customer.public_id, title=title(customer))

    @admin.display(description="Subscription", ordering="subscription")
    def of(self, row: ScheduledChange) -> str | SafeString:
        """This function will link the subscription, by the name of the plan that it has now."""
        return link(row.subscription.public_id, title=row.subscription.plan.name)

    @admin.display(description="See also")
    def see_also(self, row: ScheduledChange) -> str:
        """This function will link what was told of it."""
        about = {"q": row.public_id}
        return links({"Events": ("outbox.outboxevent", about), "Audit log": ("audit.entry", about)})

    @verb(description="Withdraw", permission="withdraw", icon="event_busy", possible=in_state("pending"))
    def withdraw(self, request: HttpRequest, row: ScheduledChange, reason: str) -> str:
        """This function will take the change back."""
        services.withdraw_change(change_id=row.pk, reason=reason, actor=actor(request), now=clock.now())
        return "The change is withdrawn."


def _asked(request: HttpRequest, row: Subscription, given: dict[str, Any]) -> dict[str, Any]:
    """What the form says, as the verb takes it."""
    when: str | datetime = given["date"] if given["when"] == "date" else given["when"]
    wanted = Wanted(
        plan_id=_plan(given["plan"]) if given["plan"] else None, quantity=given["quantity"],
        addons=tuple((_addon(code), count) for code, count in given["addons"].items()),
        coupon=given["coupon"] or None, anchor=given["anchor"], remove_coupons=given["remove_coupons"],
    )  # fmt: skip
    return {
        "subscription_id": row.pk, "wanted": wanted, "when": when, "actor": actor(request), "now": clock.now(),
        "behavior": Behavior(given["proration"]) if given["proration"] else None,
    }  # fmt: skip


def _plan(code: str) -> UUID:
    found = find_plan(code)
    if found is None:
        raise NotOnOffer(f"There is no plan {code}.")
    return found.id


def _addon(code: str) -> UUID:
    found = find_addon(code)
    if found is None:
        raise NotOnOffer(f"There is no add-on {code}.")
    return found.id


def _shown(seen: ChangePreview) -> SafeString:
    head = format_html(
        "<p>It takes effect at {} UTC. Due then: {}.</p>", f"{seen.takes_effect_at:%Y-%m-%d %H:%M}",
        money(seen.due_minor, seen.currency),
    )  # fmt: skip
    waits = [(line.description, money(line.amount_minor, seen.currency)) for line in seen.waiting]
    parts = [
        _invoice("Its invoice", seen.invoice),
        _table("Waits for the next invoice", waits),
        _invoice(f"Next invoice, {seen.renews_at:%Y-%m-%d %H:%M} UTC" if seen.renews_at else "", seen.renewal),
    ]
    return format_html("{}{}", head, format_html_join("", "{}", ((part,) for part in parts)))


def _invoice(heading: str, told: Explanation | None) -> SafeString | str:
    if told is None:
        return ""
    rows = [(line.description, money(line.amount_minor, told.currency)) for line in told.lines]
    rows += [(one.description, money(-one.amount_minor, told.currency)) for one in told.discounts]
    rows += [(f"{one.name} {one.percentage:f} %", money(one.tax_minor, told.currency)) for one in told.taxes]
    stored = told.credit_applied_minor + told.wallet_applied_minor
    rows += [("From the wallet", money(-stored, told.currency))] if stored else []
    return _table(heading, [*rows, ("Due", money(told.due_minor, told.currency))])


def _table(heading: str, rows: list[tuple[str, str]]) -> SafeString:
    if not rows:
        return SafeString("")
    body = format_html_join("", "<tr><td>{}</td><td>{}</td></tr>", rows)
    return format_html('<h3>{}</h3><table class="sums">{}</table>', heading, body)
