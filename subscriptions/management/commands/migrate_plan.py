"""`manage.py migrate_plan`: move subscribers to another version of their plan, after showing who would pay what."""

import dataclasses
import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from catalog.selectors import find_plan
from core import clock, errors, ids, tenancy
from core.actor import Actor
from core.idempotency import commands
from core.models import Environment
from core.money import format_plain
from subscriptions import internal, services
from subscriptions.models import VersionMigration
from subscriptions.services import Behavior, MigrationLine, MigrationPreview

ENGINEER = Actor(type="system", id="manage.py", scopes=frozenset({"read", "write"}))
NAME = "migrate_plan"
# How many are moved before the bar moves on.
STEP = 10


class Command(BaseCommand):
    help = (
        "Move subscribers of a plan to another version: shows what each pays before and after, asks, and moves them. "
        "Stopped in the middle, it goes on with --resume; a worker goes on by itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add who moves, where to, when, and how much is shown."""
        parser.add_argument("--environment", default="live", help="slug of the environment (default: live)")
        parser.add_argument("--tenant", default="default", help="slug of the tenant (default: default)")
        parser.add_argument("--plan", help="code or id of the plan")
        parser.add_argument("--to", type=int, help="number of the version (default: the newest published)")
        parser.add_argument("--from", type=int, dest="start", help="only subscribers of this version (default: all)")
        parser.add_argument("--when", choices=VersionMigration.When.values, default=VersionMigration.When.RENEWAL)
        parser.add_argument(
            "--proration", choices=[one.value for one in Behavior], default=Behavior.NEXT_INVOICE.value,
            help="what a move inside a paid period charges (with --when now)",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="show the preview and store nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON document; needs --dry-run or --yes")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--key", default="", metavar="KEY",
            help="given again with this key, or within a day with the same words and none, it starts nothing new",
        )  # fmt: skip
        parser.add_argument("--resume", metavar="vmg_…", help="go on with a migration; failed ones are tried again")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will preview, ask and move; a refusal changes nothing and is the command's error."""
        if options["json"] and not (options["dry_run"] or options["yes"] or options["resume"]):
            raise CommandError("--json needs --dry-run or --yes.")
        self.console = Console(file=self.stdout, highlight=False)  # type: ignore[arg-type]
        try:
            with tenancy.scope(self._environment(options["tenant"], options["environment"])):
                self._run(options)
        except errors.Refusal as refused:
            raise CommandError(refused.detail) from refused

    def _run(self, options: dict[str, Any]) -> None:
        if options["resume"]:
            migration_id = self._resume(options["resume"])
        else:
            wanted = self._wanted(options)
            preview = self._preview(wanted, is_shown=not options["json"])
            if options["dry_run"]:
                self._print_json(preview) if options["json"] else None
                return
            wanted["to_number"] = preview.to_number
            is_agreed = self._was_started(wanted, options["key"]) or options["yes"] or self._agrees(preview)
            if not is_agreed:
                self.stdout.write("Nobody was moved.")
                return
            migration_id = self._start(wanted, options["key"], is_quiet=options["json"])
        self._move(migration_id, is_shown=not options["json"])
        self._report(migration_id, is_json=options["json"])

    def _environment(self, tenant: str, slug: str) -> tenancy.Scope:
        found = Environment.objects.of_tenants().filter(tenant__slug=tenant, slug=slug).first()
        if found is None:
            raise CommandError(f"The tenant {tenant} has no environment {slug}.")
        return found.as_scope()

    @transaction.atomic
    def _wanted(self, options: dict[str, Any]) -> dict[str, Any]:
        plan = find_plan(options["plan"] or "")
        if plan is None:
            raise CommandError(f"There is no plan {options['plan']}." if options["plan"] else "--plan is needed.")
        return {
            "plan_id": plan.id, "to_number": options["to"], "from_number": options["start"], "when": options["when"],
            "behavior": Behavior(options["proration"]),
        }  # fmt: skip

    @transaction.atomic
    def _preview(self, wanted: dict[str, Any], *, is_shown: bool) -> MigrationPreview:
        preview = services.preview_migration(**wanted, now=clock.now())
        if is_shown:
            self.console.print(_table(preview))
            for sums in preview.totals:
                self.console.print(
                    f"{sums.subscriptions} in {sums.currency}: {_money(sums.before_minor, sums.currency)} → "
                    f"{_money(sums.after_minor, sums.currency)} per period, now {_money(sums.now_minor, sums.currency)}"
                )
        return preview

    def _agrees(self, preview: MigrationPreview) -> bool:
        question = f"Move {len(preview.lines)} subscriptions to version {preview.to_number}? [y/N] "
        return bool(preview.lines) and input(question).strip().lower() in ("y", "yes")

    @transaction.atomic
    def _was_started(self, wanted: dict[str, Any], key: str) -> bool:
        return commands.earlier(NAME, key, wanted) is not None

    def _start(self, wanted: dict[str, Any], key: str, *, is_quiet: bool) -> UUID:
        """Start a migration, or find the one that the same command has started; what it left undone is done now."""
        with transaction.atomic():
            outcome, is_new = commands.once(NAME, key, wanted, lambda: self._started(wanted))
        if not (is_new or is_quiet):
            self.stdout.write(f"{outcome['migration']}: done already, nothing new was started.")
        return ids.decode(VersionMigration.prefix, outcome["migration"])

    def _started(self, wanted: dict[str, Any]) -> dict[str, str]:
        row = services.prepare_migration(**wanted, actor=ENGINEER, now=clock.now())
        services.start_migration(migration_id=row.pk, actor=ENGINEER, now=clock.now())
        return {"migration": row.public_id}

    @transaction.atomic
    def _resume(self, public_id: str) -> UUID:
        key = ids.decode(VersionMigration.prefix, public_id)
        return services.resume_migration(migration_id=key, actor=ENGINEER, now=clock.now()).pk

    def _move(self, migration_id: UUID, *, is_shown: bool) -> None:
        """Move chunk after chunk; workers may be at it, too, and nobody is moved twice."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, disable=not is_shown) as progress:
            row = self._row(migration_id)
            task = progress.add_task(row.public_id, total=row.total, completed=row.settled)
            while internal.migrate_chunk(migration_id=migration_id, actor=ENGINEER, now=clock.now(), limit=STEP):
                progress.update(task, completed=self._row(migration_id).settled)

    def _report(self, migration_id: UUID, *, is_json: bool) -> None:
        row = self._row(migration_id)
        if is_json:
            counts = {name: getattr(row, name) for name in ("state", "total", "done", "failed", "skipped")}
            self.stdout.write(json.dumps({"migration": row.public_id, **counts}, indent=2))
            return
        self.stdout.write(
            f"{row.public_id}: {row.state}; {row.done} of {row.total} moved, {row.failed} failed, {row.skipped} left"
        )

    @transaction.atomic
    def _row(self, migration_id: UUID) -> VersionMigration:
        return VersionMigration.objects.get(pk=migration_id)

    def _print_json(self, preview: MigrationPreview) -> None:
        self.stdout.write(json.dumps(dataclasses.asdict(preview), indent=2))


def _table(preview: MigrationPreview) -> Table:
    table = Table(title=f"{preview.plan}: to version {preview.to_number}, {preview.when}, {preview.behavior}")
    for name in ("subscription", "customer", "status"):
        table.add_column(name)
    for name in ("quantity", "before", "after", "now"):
        table.add_column(name, justify="right")
    table.add_column("when")
    for line in preview.lines:
        table.add_row(*_cells(line))
    return table


def _cells(line: MigrationLine) -> tuple[str, ...]:
    amounts = (_money(one, line.currency) for one in (line.before_minor, line.after_minor, line.now_minor))
    return (line.subscription, line.name, line.status, str(line.quantity), *amounts, line.refusal or line.when)


def _money(minor: int | None, currency: str) -> str:
    return "–" if minor is None else format_plain(minor, currency)
