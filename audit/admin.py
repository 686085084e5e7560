"""The console's page of the audit log: to read, search, verify, export, and to purge what nobody needs."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

from audit import chain, exporting, internal, purges, services
from audit.forms import ExportForm, PurgeForm
from audit.models import Entry, Head, Verdict
from core import clock, console, errors
from core.models import scope_of
from core.tenancy import PLATFORM_ID, scope

CHANGELIST = "admin:audit_entry_changelist"
DAYS_SHOWN = 14
MOST_CHAINS = 50


@admin.register(Entry)
class EntryAdmin(console.ConsoleAdmin):
    """Who did what to what, when, from where, and how it ended."""

    list_display = ("at", "actor", "action", "target", "outcome", "client_ip", "request_id")
    list_filter = ("outcome", "action")
    search_fields = ("actor", "action", "target", "request_id", "client_ip")
    ordering = ("-id",)
    date_hierarchy = "at"
    list_select_related = ("seal",)
    fields = (
        "public_id", "at", "actor", "action", "target", "outcome", "client_ip", "request_id", "fact_id", "place",
        "shown_text",
    )  # fmt: skip
    readonly_fields = ("fact_id", "place", "shown_text")
    references = ("target",)
    actions_list = ("verify_chains", "export_chain", "purge_rows")
    list_before_template = "audit/chains.html"

    @admin.display(description="Place in the chain")
    def place(self, entry: Entry) -> str:
        """This function will return the sealed place, or say that it is still to come."""
        seal = getattr(entry, "seal", None)
        return f"{seal.sequence} · {bytes(seal.mac).hex()}" if seal else "not sealed yet"

    @admin.display(description="Signed text")
    def shown_text(self, entry: Entry) -> SafeString:
        """This function will return the text that was signed, readable."""
        text = json.dumps(chain.parse(entry.text), indent=2, ensure_ascii=False)
        return format_html('<pre class="text">{}</pre>', text)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """This function will show how each chain is, above its entries."""
        return super().changelist_view(request, {**(extra_context or {}), "chains": _chains()})

    def has_verify_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """This function will tell whether the operator may have the chains verified."""
        return request.user.has_perm("audit.verify_entry")

    def has_export_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """This function will tell whether the operator may take the log out of the house."""
        return request.user.has_perm("audit.export_entry")

    def has_purge_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """This function will tell whether the operator may purge."""
        return request.user.has_perm("audit.purge_entry")

    @action(description="Verify", permissions=["verify"], url_path="verify", icon="verified_user")
    def verify_chains(self, request: HttpRequest) -> HttpResponse:
        """This function will verify every chain from its beginning, and say what was found."""
        if request.method == "POST":
            broken = internal.verify_chains(full=True)
            say = messages.error if broken else messages.success
            say(request, f"{broken} broken: see below." if broken else "Every chain is whole.")
            return HttpResponseRedirect(reverse(CHANGELIST))
        return self._asked(request, None, "Verify every chain")

    @action(description="Export", permissions=["export"], url_path="export", icon="download")
    def export_chain(self, request: HttpRequest) -> Any:
        """This function will hand out a chain as JSON Lines, and write down who took it and why."""
        form = ExportForm(request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return self._asked(request, form, "Export a chain")
        if not console.is_fresh(request):
            return console.ask_again(request, self.admin_site, to=request.path)
        environment, after = form.cleaned_data["environment"], form.cleaned_data["after"] or 0
        with scope(environment.as_scope()), transaction.atomic():
            services.record_export(
                actor=console.actor(request).label, after=after, until=None, reason=form.cleaned_data["reason"]
            )
            lines = [f"{line}\n" for line in exporting.lines(after=after)]
        named = {"Content-Disposition": f'attachment; filename="audit-{environment.public_id}.jsonl"'}
        return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=named)

    @action(description="Purge", permissions=["purge"], url_path="purge", icon="auto_delete")
    def purge_rows(self, request: HttpRequest) -> HttpResponse:
        """This function will purge what is chosen, everywhere, and say what went."""
        form = PurgeForm(request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return self._asked(request, form, "Purge")
        if not console.is_fresh(request):
            return console.ask_again(request, self.admin_site, to=request.path)
        try:
            with scope(scope_of(PLATFORM_ID)), transaction.atomic():
                done = purges.purge(**form.asked(), actor=console.actor(request), now=clock.wall())
        except errors.Refusal as refused:
            messages.error(request, refused.detail)
        else:
            say = messages.warning if purges.outcome_of(done) == "partial" else messages.success
            say(request, "; ".join(f"{one.target}: {one.error or one.rows}" for one in done))
        return HttpResponseRedirect(reverse(CHANGELIST))

    def _asked(self, request: HttpRequest, form: Any, title: str) -> HttpResponse:
        shown = {
            **self.admin_site.each_context(request), "title": title, "form": form, "opts": self.opts,
            "back": reverse(CHANGELIST),
        }  # fmt: skip
        return TemplateResponse(request, "audit/asked.html", shown)


def _chains() -> list[dict[str, Any]]:
    """How long each chain is and what its last verification found; two queries however many there are."""
    heads = Head.objects.filter(sequence__gt=0).select_related("environment__tenant").order_by("environment_id")
    verdicts = {verdict.environment_id: verdict for verdict in Verdict.objects.all()}
    return [
        {"environment": head.environment, "head": head, "mac": bytes(head.mac).hex()[:16],
         "key_id": head.key_ids[-1] if head.key_ids else "", "verdict": verdicts.get(head.environment_id)}
        for head in heads[:MOST_CHAINS]
    ]  # fmt: skip


@console.tile("Broken audit chains", model="audit.entry", query="", order=85, is_alarm=True)
def broken_chains() -> int:
    """This function will count the chains whose last verification found something."""
    return Verdict.objects.exclude(kind="").count()


@console.chart(model="audit.entry", order=90)
def entries_and_denials() -> list[console.Chart]:
    """This function will draw the entries and the refusals of the last days."""
    since = clock.wall() - timedelta(days=DAYS_SHOWN - 1)
    rows = Entry.objects.filter(at__gte=since).annotate(day=TruncDate("at")).values("day").order_by("day")
    counted: list[Any] = list(rows.annotate(entries=Count("id"), denied=Count("id", filter=Q(outcome="denied"))))
    return [
        console.Chart(title=title, upright=True, bars=[
            console.Bar(label=f"{row['day']:%d %b}", value=row[name], text=str(row[name]), tone=tone)
            for row in counted
        ])
        for title, name, tone in (("Audit entries per day", "entries", "good"), ("Refusals per day", "denied", "bad"))
    ]  # fmt: skip
