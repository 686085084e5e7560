"""Moving subscribers to another version, on the console: prepared with a preview, then started."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core import clock, errors, tenancy
from core.console import ConsoleAdmin, actor, badge, link, links, money, verb
from subscriptions import services
from subscriptions.models import VersionMigration, VersionMigrationItem
from subscriptions.proration import Behavior

# More than anybody reads on a page; the command shows all.
MOST_SHOWN = 50
ASKED = ("to_version", "from_version", "when", "behavior")


class MigrationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who is to move where, when, and what a move inside a paid period charges."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # A new one belongs to its plan's environment, which is known once a version is chosen.
        if options.get("instance") is None:
            options["instance"] = VersionMigration(environment_id=None)
        super().__init__(*arguments, **options)

    def clean(self) -> dict[str, Any]:
        """This function will refuse versions of two plans, and a way that leads nowhere."""
        known: dict[str, Any] = super().clean() or {}
        to, start = known.get("to_version"), known.get("from_version")
        if to and start and (to.plan_id != start.plan_id or to == start):
            raise forms.ValidationError("Choose another version of the same plan.")
        return known


@admin.register(VersionMigration)
class VersionMigrationAdmin(ConsoleAdmin):
    list_display = (
        "public_id", "plan", "to", "when", "behavior", "state", "progress", "failed", "created_by", "created_at",
    )  # fmt: skip
    list_filter = ("state", "when", "behavior")
    search_fields = ("plan__code", "plan__name")
    list_select_related = ("plan", "to_version", "from_version")
    ordering = ("-id",)
    form = MigrationForm
    fields = (
        "state", "plan", "from_version", "to_version", "when", "behavior", "total", "done", "failed", "skipped",
        "see_also", "preview", "created_by", "created_at", "started_at", "finished_at",
    )  # fmt: skip
    readonly_fields = ("see_also", "preview")
    actions_detail = ("start_migration", "cancel_migration", "resume_migration")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer whether the operator may move subscribers."""
        return bool(request.user.has_perm("subscriptions.start_versionmigration"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """This function will return what is asked for a new migration, or what is shown of one."""
        return list(ASKED) if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """This function will return what no field of a form stands for; a new migration has none."""
        return [] if obj is None else super().get_readonly_fields(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """This function will offer published versions, named by their plan and environment."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **options)
        if db_field.name in ASKED:
            field.queryset = field.queryset.published().select_related("plan", "environment")
            field.label_from_instance = _version
        if db_field.name == "from_version":
            field.help_text = "Empty is everybody who has another version."
        return field

    def save_model(self, request: HttpRequest, obj: VersionMigration, form: Any, change: bool) -> None:
        """This function will prepare a migration in its plan's environment, by the verb."""
        to = obj.to_version
        with tenancy.scope(to.environment.as_scope()):
            prepared = services.prepare_migration(
                plan_id=to.plan_id, to_number=to.number,
                from_number=obj.from_version.number if obj.from_version else None, when=obj.when,
                behavior=Behavior(obj.behavior), actor=actor(request), now=clock.now(),
            )  # fmt: skip
        # What comes after, such as the redirect to the page, is about the row that the verb has made.
        obj.__dict__.update(prepared.__dict__)
        messages.info(request, "Nobody is moved yet: read the preview, then start.")

    @admin.display(description="To version", ordering="to_version")
    def to(self, row: VersionMigration) -> str:
        """This function will show the numbers of the versions."""
        start = row.from_version.number if row.from_version else "any"
        return f"{start} → {row.to_version.number}"

    @admin.display(description="Progress")
    def progress(self, row: VersionMigration) -> str:
        """This function will show how many it is through with."""
        return f"{row.settled} of {row.total}" if row.started_at else "–"

    @admin.display(description="See also")
    def see_also(self, row: VersionMigration) -> str:
        """This function will link its subscriptions, and those of them that failed."""
        mine = {"q": row.public_id}
        return links(
            {
                "Subscriptions": ("subscriptions.versionmigrationitem", mine),
                "Failed": ("subscriptions.versionmigrationitem", mine | {"state__exact": "failed"}),
            }
        )

    @admin.display(description="Preview")
    def preview(self, row: VersionMigration) -> str | SafeString:
        """This function will show who would pay what, before and after, until everybody is moved."""
        if row.is_over:
            return "–"
        try:
            return _shown(services.preview_of(migration_id=row.pk, now=clock.now()))
        except errors.Refusal as refused:
            return refused.detail

    @verb(description="Start", permission="start", icon="play_arrow")
    def start_migration(self, request: HttpRequest, row: VersionMigration, reason: str) -> str:
        """This function will have everybody moved whom it concerns."""
        started = services.start_migration(migration_id=row.pk, actor=actor(request), now=clock.now())
        return f"{started.total} subscriptions are being moved."

    @verb(description="Cancel", permission="cancel", icon="stop")
    def cancel_migration(self, request: HttpRequest, row: VersionMigration, reason: str) -> str:
        """This function will move nobody any more."""
        canceled = services.cancel_migration(migration_id=row.pk, actor=actor(request), now=clock.now())
        return f"{canceled.done} were moved and stay so."

    @verb(description="Resume", permission="start", icon="replay")
    def resume_migration(self, request: HttpRequest, row: VersionMigration, reason: str) -> str:
        """This function will go on with it, and try those again that failed."""
        resumed = services.resume_migration(migration_id=row.pk, actor=actor(request), now=clock.now())
        return f"It goes on with {resumed.total - resumed.settled}."


@admin.register(VersionMigrationItem)
class VersionMigrationItemAdmin(ConsoleAdmin):
    list_display = (
        "public_id", "migration", "subscription", "state", "before_minor", "after_minor", "error", "settled_at",
    )  # fmt: skip
    list_filter = ("state",)
    search_fields = ("error",)
    ordering = ("-id",)


def _version(version: Any) -> str:
    return f"{version.plan.name}, version {version.number} ({version.environment.slug})"


def _shown(preview: services.MigrationPreview) -> SafeString:
    head = [
        (f"{one.subscriptions} × {one.currency}", money(one.before_minor, one.currency),
         money(one.after_minor, one.currency), money(one.now_minor, one.currency), "")
        for one in preview.totals
    ]  # fmt: skip
    rows = [
        (link(line.subscription, title=line.name), money(line.before_minor, line.currency),
         money(line.after_minor, line.currency), money(line.now_minor, line.currency),
         badge(line.refusal or line.when))
        for line in preview.lines[:MOST_SHOWN]
    ]  # fmt: skip
    body = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", [*head, *rows])
    more = max(0, len(preview.lines) - MOST_SHOWN)
    return format_html(
        "<table><tr><th>Who</th><th>Before, per period</th><th>After</th><th>Now</th><th></th></tr>{}</table>{}",
        body, f"and {more} more" if more else "",
    )  # fmt: skip
