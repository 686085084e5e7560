"""The page of environments, with the button that this app's verb stands behind."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts import moves, services
from accounts.admin import _limits
from accounts.api.serializers import LONGEST_JUMP_DAYS
from core import clock, console, tenancy
from core.admin import EnvironmentAdmin
from core.events import StoredFact
from core.limits import Limits
from core.models import Environment
from jobs import services as jobs

# As much as anybody reads on a page.
MOST_SHOWN: Final = 50
# No place in the order of facts has more digits.
MOST_DIGITS: Final = 18
MINUTES: Final = "%Y-%m-%d %H:%M"


class OriginsForm(console.ReasonForm):
    """Which web pages may read the answers: every origin on a line of its own, none for nobody's."""

    origins = forms.CharField(
        required=False, max_length=5_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="One on each line, such as https://shop.example. What is not listed is no longer allowed.",
    )  # fmt: skip


class ClockForm(console.ReasonForm):
    """How far a sandbox's clock is moved: to an instant, or by so many days."""

    to = forms.DateTimeField(required=False, help_text="An instant in UTC, such as 2027-02-28 12:00.")
    by_days = forms.IntegerField(required=False, min_value=1, max_value=LONGEST_JUMP_DAYS)

    def clean(self) -> dict[str, Any]:
        """This function will refuse both ways at once, and none."""
        given = super().clean()
        if bool(given.get("to")) == bool(given.get("by_days")) and not self.errors:
            raise forms.ValidationError("Give either an instant or a number of days.")
        return given


admin.site.unregister(Environment)


@admin.register(Environment)
class AllowingEnvironmentAdmin(EnvironmentAdmin):
    """The page of the core, with its buttons, and what happened while the clock was moved the last time."""

    actions_detail = ("advance_clock", "allow_origins", "limit")
    readonly_fields = ("clock", "happened")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """This function will return the row, with the place in the order of facts behind which its page begins."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.told_after = _place(request.GET.get("after", ""))
        return row

    @admin.display(description="Clock")
    def clock(self, row: Environment) -> str:
        """This function will show where the clock is, and how far on its way."""
        with tenancy.scope(row.as_scope()):
            seen = moves.get_clock()
        if seen.move is None or seen.state == "real_time":
            return "real time" if seen.state == "real_time" else f"{seen.state} at {seen.now:{MINUTES}}"
        way = f"from {seen.move.starts_at:{MINUTES}} to {seen.move.to:{MINUTES}}"
        return f"{seen.state} at {seen.now:{MINUTES}} – {way}, {seen.move.percent} %, {seen.move.facts} facts"

    @admin.display(description="What happened")
    def happened(self, row: Any) -> str | SafeString:
        """This function will list what happened while the clock was moved the last time, the oldest first, in pages."""
        with tenancy.scope(row.as_scope()):
            seen = moves.get_clock()
            facts = moves.list_happened(seen, after=row.told_after, limit=MOST_SHOWN + 1)
        if seen.move is None or not seen.move.facts:
            return "–"
        shown = facts[:MOST_SHOWN]
        lines = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", (_line(fact) for fact in shown))
        links = _links(row.told_after > seen.move.after, shown[-1].sequence if len(facts) > MOST_SHOWN else None)
        return format_html('<table class="w-full">{}</table><p>{} facts{}</p>', lines, seen.move.facts, links)

    @console.verb(description="Advance clock", permission="advance_clock", icon="fast_forward", form=ClockForm)
    def advance_clock(
        self, request: HttpRequest, row: Environment, reason: str, to: datetime | None, by_days: int | None
    ) -> str:
        """This function will have a job move the clock of a sandbox; what falls due on the way happens."""
        now = clock.now()
        target = to or now + timedelta(days=by_days or 0)
        jobs.advance_clock(to=target, reason=reason, actor=console.actor(request), now=now)
        return f"The clock is on its way to {target:{MINUTES}}. This page tells how far it is."

    @console.verb(description="Allow origins", permission="allow_origins", icon="language", form=OriginsForm)
    def allow_origins(self, request: HttpRequest, row: Environment, reason: str, origins: str) -> None:
        """This function will replace the origins whose web pages may read the answers."""
        author = console.actor(request)
        services.allow_origins(origins=origins.split(), reason=reason, actor=author, now=clock.now())

    @console.verb(
        description="Limit", permission="limit", icon="speed", form=_limits.LimitsForm, initial=_limits.initial
    )
    def limit(self, request: HttpRequest, row: Environment, reason: str, **limits: int | None) -> str:
        """This function will say how often everybody in the environment may ask together, from the next request on."""
        done = services.limit_environment(
            limits=Limits(**limits), reason=reason, actor=console.actor(request), now=clock.now()
        )
        return f"The limits of this environment: {_limits.said(done.limits)}."


def _place(asked: str) -> int:
    """The place in the order of facts that an address names; the beginning if it names none."""
    return int(asked) if asked.isdecimal() and len(asked) <= MOST_DIGITS else 0


def _links(is_further_on: bool, last: int | None) -> SafeString:
    """The ways back to the first page and on to the next one."""
    first = format_html(' · <a href="{}">From the beginning</a>', "?") if is_further_on else ""
    return format_html("{}{}", first, format_html(' · <a href="?after={}">Next</a>', last) if last else "")


def _line(fact: StoredFact) -> tuple[str, str, str | SafeString]:
    return f"{fact.at:{MINUTES}}", fact.type, console.link(fact.subject)
