"""Dunning on the console: who is past due, what was tried, what comes next, and what can be done about it."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest
from django.utils.formats import date_format
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from billing import selectors, services
from billing.dunning import DunningPolicyInvalid, EndAction, Policy
from billing.models import DunningCase, DunningPolicy, DunningStep
from billing.services import LONGEST_EXTENSION_DAYS
from core import clock, console, tenancy

MONTHS_SHOWN: Final = 6
CURRENCIES_SHOWN: Final = 2


class Steps(console.ConsoleInline):
    model = DunningStep
    fields = ("number", "kind", "payment", "outcome", "code", "is_hard", "note", "actor", "at", "answered_at")
    ordering = ("number",)
    verbose_name_plural = "What was tried"


class ExtendForm(console.ReasonForm):
    """How much more time, and why."""

    days = forms.IntegerField(
        min_value=1, max_value=LONGEST_EXTENSION_DAYS, initial=7, widget=UnfoldAdminIntegerFieldWidget
    )


@admin.register(DunningCase)
class DunningCaseAdmin(console.ConsoleAdmin):
    list_display = ("case", "customer", "owed", "due", "state", "tried", "next_step", "since")
    list_filter = ("state", "is_hard", "end_action", "currency", "first_failure_at", "next_attempt_at")
    list_select_related = ("customer", "invoice")
    search_fields = ("invoice__number", "reference", "plan", "customer__email", "customer__name", "last_code")
    # What can still be done something about stands first.
    ordering = (Case(When(state=DunningCase.State.OPEN, then=0), default=1), "-id")
    references = ("reference", "plan")
    fields = (
        "customer", "owed", "invoice", "reference", "plan", "state", "due", "amount_minor", "closed_minor", "tried",
        "next_step", "first_failure_at", "next_attempt_at", "grace_until", "grace_ended_at", "ends_at", "closed_at",
        "last_code", "is_hard", "attempts", "shift_days", "tries_again", "days", "grace_days", "end_action",
        "writes_off", "notifies",
    )  # fmt: skip
    readonly_fields = ("owed", "due", "tried", "next_step")
    inlines = (Steps,)
    actions_detail = ("retry", "extend", "write_off")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will ask with the cases what their customers owe, and until when what is billed may be used."""
        rows: Any = super().get_queryset(request)
        found: QuerySet[Any] = rows.with_owed().with_access()
        return found

    @admin.display(description="Customer owes", ordering="owed_minor")
    def owed(self, row: Any) -> str:
        """This function will show what the customer owes on all invoices whose money is being run after."""
        if not row.owed_cases:
            return "–"
        count = f" on {row.owed_cases} invoices" if row.owed_cases > 1 else ""
        return f"{console.money(row.owed_minor, row.currency)}{count}"

    @admin.display(description="Case", ordering="invoice__number")
    def case(self, row: DunningCase) -> str:
        """This function will call the case by its invoice; the link is to the case."""
        return console.title(row.invoice)

    @admin.display(description="Since", ordering="first_failure_at")
    def since(self, row: DunningCase) -> str:
        """This function will show on which day the first payment failed."""
        return _day(row.first_failure_at)

    @admin.display(description="Due", ordering="amount_minor")
    def due(self, row: DunningCase) -> str:
        """This function will show what is due on the invoice now."""
        return console.money(row.invoice.due_minor, row.currency)

    @admin.display(description="Tried", ordering="attempts")
    def tried(self, row: DunningCase) -> str:
        """This function will show how many retries were made, and what the bank said last."""
        return f"{row.attempts} of {len(row.days)} retries · {row.last_code.replace('_', ' ')}"

    @admin.display(description="Next", ordering="next_attempt_at")
    def next_step(self, row: DunningCase) -> str:
        """This function will show what comes next, and when."""
        if not row.is_open:
            return "–"
        until = getattr(row, "access_until", row.grace_until)
        access = "" if until is None else f" · access until {_day(until)}"
        if row.next_attempt_at:
            return f"Retry on {_day(row.next_attempt_at)}{access}"
        return f"{row.end_action.capitalize()} on {_day(row.ends_at)}{access}" if row.ends_at else "Payment under way"

    @console.verb(description="Retry now", permission="retry", icon="replay", possible=console.in_state("open"))
    def retry(self, request: HttpRequest, row: DunningCase, reason: str) -> str:
        """This function will have the invoice tried again with the customer's default method."""
        services.retry_dunning(dunning_id=row.pk, reason=reason, actor=console.actor(request), now=clock.now())
        return f"{row.invoice} is being tried again."

    @console.verb(
        description="Extend", permission="extend", icon="more_time", form=ExtendForm, possible=console.in_state("open")
    )
    def extend(self, request: HttpRequest, row: DunningCase, reason: str, days: int) -> str:
        """This function will give the customer more time."""
        services.extend_dunning(
            dunning_id=row.pk, days=days, reason=reason, actor=console.actor(request), now=clock.now()
        )
        return f"{row.customer} has {days} days more."

    @console.verb(description="Write off", permission="write_off", icon="money_off", possible=console.in_state("open"))
    def write_off(self, request: HttpRequest, row: DunningCase, reason: str) -> str:
        """This function will give up on the invoice."""
        services.write_off_dunning(dunning_id=row.pk, reason=reason, actor=console.actor(request), now=clock.now())
        return f"{row.invoice} is written off."


class DunningPolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """How declines are followed up. What the verb would refuse is refused here too, beside the field."""

    class Meta:
        model = DunningPolicy
        fields = ("days", "grace_days", "end_action", "writes_off", "notifies")

    def clean(self) -> dict[str, Any]:
        """This function will refuse a policy that makes no sense."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                policy_of(given).check()
            except DunningPolicyInvalid as refused:
                self.add_error(refused.members["field"], refused.detail)
        return given


def policy_of(given: dict[str, Any]) -> Policy:
    """This function will return the policy that a form describes."""
    return Policy(
        days=tuple(given["days"] or ()), grace_days=given["grace_days"], end_action=EndAction(given["end_action"]),
        writes_off=given["writes_off"], notifies=given["notifies"],
    )  # fmt: skip


@admin.register(DunningPolicy)
class DunningPolicyAdmin(console.ConsoleAdmin):
    """One row per environment, and per plan, that has decided; the first decision by the API makes it."""

    form = DunningPolicyForm
    list_display = ("__str__", "days", "grace_days", "end_action", "writes_off", "notifies", "updated_at")
    list_filter = ("end_action", "writes_off", "notifies")
    search_fields = ("plan",)
    ordering = ("-id",)
    fields = ("plan", *DunningPolicyForm.Meta.fields, "updated_at")
    readonly_fields = ("plan", "updated_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer yes to whom the permission to change policies lets."""
        return bool(obj is not None and request.user.has_perm("billing.change_dunningpolicy"))

    def save_model(self, request: HttpRequest, obj: DunningPolicy, form: Any, change: bool) -> None:
        """This function will have the verb change what was edited, so that it is said and logged."""
        with tenancy.scope(obj.environment.as_scope()):
            services.change_dunning_policy(
                policy=policy_of(form.cleaned_data), plan=obj.plan, actor=console.actor(request), now=clock.now()
            )


@console.tile("Invoices in dunning", model="billing.dunningcase", query="state__exact=open", order=44, is_alarm=True)
def past_due() -> int:
    """This function will count the invoices whose money is being run after."""
    return DunningCase.objects.filter(state=DunningCase.State.OPEN).count()


@console.chart(model="billing.dunningcase", order=18)
def recovered_and_lost() -> list[console.Chart]:
    """This function will draw what dunning brought and what it did not, month by month, for the latest currencies."""
    by_currency: dict[str, list[selectors.RecoveryFigures]] = defaultdict(list)
    for one in reversed(selectors.list_recoveries()):
        by_currency[one.currency].append(one)
    return [
        console.Chart(
            title=f"Recovered and lost after a decline, {currency}", upright=True,
            bars=[bar for one in reversed(months[:MONTHS_SHOWN]) for bar in _bars(one)],
        )
        for currency, months in list(by_currency.items())[:CURRENCIES_SHOWN]
    ]  # fmt: skip


def _bars(one: selectors.RecoveryFigures) -> list[console.Bar]:
    sides = (("recovered", one.recovered_minor, "good"), ("lost", one.lost_minor, "bad"))
    return [
        console.Bar(label=f"{one.month:%Y-%m}\n{name}", value=minor, text=console.short(minor, one.currency), tone=tone)
        for name, minor, tone in sides
    ]


def _day(at: datetime) -> str:
    return date_format(at, "DATE_FORMAT")
