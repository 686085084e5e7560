"""The console's page of facts: where each is on its way, and the replay."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Avg, Count, F, QuerySet
from django.db.models.functions import TruncHour
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from core import clock, console
from jobs.services import Progress
from outbox import replaying, selectors
from outbox.models import OutboxEvent

HOURS = 24
# A relay that looks four times a second is not well when facts wait for longer.
LATE = timedelta(seconds=5)
NOTHING = "–"


class IsPending(admin.SimpleListFilter):
    """Facts that the relay has not seen yet."""

    title = "relayed"
    parameter_name = "relayed"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """This function will return the two answers."""
        return [("yes", "Relayed"), ("no", "Pending")]

    def queryset(self, request: Any, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """This function will keep the rows of the chosen answer."""
        return queryset if self.value() is None else queryset.filter(sequence__isnull=self.value() == "no")


class Delivery(admin.SimpleListFilter):
    """Facts that some handler has given up, or that wait behind such a one."""

    title = "delivery"
    parameter_name = "delivery"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """This function will return what can be wrong with a delivery."""
        return [("dead", "Dead"), ("parked", "Parked")]

    def queryset(self, request: Any, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """This function will keep the facts that are stuck in the chosen way."""
        if self.value() is None:
            return queryset
        return queryset.filter(event_id__in=selectors.list_stuck(is_parked=self.value() == "parked"))


class ReplayForm(console.ReasonForm):
    """To whom, and whether what was done is to be done once more."""

    handler = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    again = forms.BooleanField(
        required=False, widget=UnfoldBooleanSwitchWidget, help_text="Also if the handler has dealt with it already."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["handler"].choices = [(name, name) for name in replaying.list_handlers()]


@admin.register(OutboxEvent)
class OutboxEventAdmin(console.ConsoleAdmin):
    """Facts, newest first; search by what they are about, who did it, or the request."""

    list_display = ("public_id", "type", "subject", "aggregate_version", "sequence", "delivery", "actor", "at")
    list_filter = (IsPending, Delivery, "type")
    references = ("subject",)
    search_ids: ClassVar = {"evt": "event_id"}
    search_fields = ("subject", "actor", "type", "request_id")
    ordering = ("-id",)
    fields = (
        "public_id", "type", "version", "subject", "aggregate_version", "sequence", "shown_deliveries", "actor", "at",
        "request_id", "shown_data", "created_at", "relayed_at",
    )  # fmt: skip
    readonly_fields = ("shown_data", "shown_deliveries")
    actions_detail: ClassVar = ["replay_fact"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """This function will ask once for the deliveries of all facts of a page."""
        page = super().get_changelist_instance(request)
        deliveries = selectors.list_deliveries(page.result_list)
        for row in page.result_list:
            row.deliveries = deliveries.get(row.event_id, [])
        return page

    @admin.display(description="Delivery")
    def delivery(self, fact: Any) -> str | SafeString:
        """This function will return the worst of what the handlers say, and how many have dealt with it."""
        found: list[Progress] = getattr(fact, "deliveries", [])
        if not found:
            return NOTHING
        worst = min((_state(one) for one in found), key=_URGENCY.index)
        done = sum(one.state == "succeeded" for one in found)
        return format_html("{} {}/{}", console.badge(worst), done, len(found))

    @admin.display(description="Deliveries")
    def shown_deliveries(self, fact: OutboxEvent) -> str | SafeString:
        """This function will return each handler with its state, its attempts and its job."""
        found = selectors.list_deliveries([fact]).get(fact.event_id, [])
        lines = format_html_join("", "<div>{} · {} · {} attempts · {}</div>", _lines(found))
        return lines or NOTHING

    @admin.display(description="Data")
    def shown_data(self, fact: OutboxEvent) -> SafeString:
        """This function will return the fact's own fields, readable."""
        return format_html('<pre class="text">{}</pre>', json.dumps(fact.data, indent=2))

    @console.verb(description="Replay", permission="replay", icon="replay", form=ReplayForm)
    def replay_fact(self, request: HttpRequest, fact: OutboxEvent, reason: str, handler: str, again: bool) -> str:
        """This function will let one handler react to the fact once more."""
        replay = replaying.replay_facts(
            handler=handler, choice=replaying.Choice(ids=(fact.event_id,)), again=again, reason=reason,
            actor=console.actor(request), now=clock.now(),
        )  # fmt: skip
        return f"{replay.facts} facts go to {handler}."


# What an operator wants to see first.
_URGENCY = ("dead", "parked", "failed", "running", "pending", "discarded", "succeeded", "canceled")


def _state(one: Progress) -> str:
    return "parked" if one.is_parked else one.state


def _lines(found: Iterable[Progress]) -> Iterator[tuple[Any, ...]]:
    for one in found:
        yield one.key.split(":")[1], console.badge(_state(one)), one.attempts, console.link(one.public_id)


@console.tile("Pending events", model="outbox.outboxevent", query="relayed=no", order=80)
def pending_events() -> int:
    """This function will count the facts that wait for the relay."""
    return OutboxEvent.objects.pending().count()


@console.tile("Dead deliveries", model="outbox.outboxevent", query="delivery=dead", order=81, is_alarm=True)
def dead_deliveries() -> int:
    """This function will count the facts that some handler has given up."""
    return len(selectors.list_stuck(is_parked=False))


@console.chart(model="outbox.outboxevent", order=80)
def facts_per_hour() -> Iterator[console.Chart]:
    """This function will draw how many facts each of the last hours had, and how long the relay left them waiting."""
    this = clock.wall().replace(minute=0, second=0, microsecond=0)
    hours = [this - timedelta(hours=number) for number in reversed(range(HOURS))]
    rows = OutboxEvent.objects.filter(created_at__gte=hours[0]).annotate(hour=TruncHour("created_at")).values("hour")
    found = {
        row["hour"]: row
        for row in rows.annotate(facts=Count("id"), lag=Avg(F("relayed_at") - F("created_at"))).order_by("hour")
    }
    facts = [_bar(hour, found[hour]["facts"] if hour in found else 0) for hour in hours]
    yield console.Chart(title="Facts per hour", bars=facts, upright=True)
    waits = [_wait(hour, found[hour]["lag"] if hour in found else None) for hour in hours]
    yield console.Chart(title="Milliseconds until the relay saw them", bars=waits, upright=True)


def _bar(hour: datetime, facts: int) -> console.Bar:
    return console.Bar(label=f"{hour:%H}", value=facts, text=str(facts) if facts else "", tone="good")


def _wait(hour: datetime, lag: timedelta | None) -> console.Bar:
    waited = round(lag.total_seconds() * 1000) if lag else 0
    tone = "danger" if lag and lag > LATE else "good"
    return console.Bar(label=f"{hour:%H}", value=waited, text=str(waited) if lag else "", tone=tone)


@console.latest(model="outbox.outboxevent")
def latest_facts(number: int) -> Iterator[console.Happened]:
    """This function will return the newest facts."""
    for fact in OutboxEvent.objects.select_related("environment__tenant").order_by("-id")[:number]:
        yield console.Happened(
            at=fact.at, what=fact.type, subject=fact.subject, actor=fact.actor, environment=str(fact.environment)
        )
