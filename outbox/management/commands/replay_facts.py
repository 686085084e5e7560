"""`manage.py replay_facts`: let one handler react to facts of the past, as many as there are, with a progress bar."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core import clock, errors, tenancy
from core.actor import Actor
from core.models import Environment
from outbox import replaying
from outbox.models import event_uuid

ENGINEER = Actor(type="system", id="manage.py", scopes=frozenset({"read", "write"}))


class Command(BaseCommand):
    help = (
        "Replay facts to one handler. What it has dealt with stays as it is, so running this twice changes nothing; "
        "--again has it done once more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add which facts go to whom, and why."""
        parser.add_argument("handler", help="such as webhooks.queue_deliveries")
        parser.add_argument("--environment", default="live", help="slug of the environment (default: live)")
        parser.add_argument("--tenant", default="default", help="slug of the tenant (default: default)")
        parser.add_argument("--id", action="append", default=[], metavar="evt_…", help="one fact; may be repeated")
        parser.add_argument("--from", type=int, dest="start", help="the first place in the order")
        parser.add_argument("--to", type=int, dest="end", help="the last place in the order")
        parser.add_argument("--since", type=_instant, help="recorded from this instant on (RFC 3339)")
        parser.add_argument("--until", type=_instant, help="recorded before this instant (RFC 3339)")
        parser.add_argument("--type", action="append", default=[], metavar="invoice.paid", help="may be repeated")
        parser.add_argument("--again", action="store_true", help="also what the handler has dealt with")
        parser.add_argument("--reason", required=True, help="kept in the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will write the jobs batch by batch; a refusal changes nothing and is the command's error."""
        try:
            with tenancy.scope(_environment(options["tenant"], options["environment"])):
                replay = replaying.begin_replay(
                    handler=options["handler"], choice=_choice(options), again=options["again"],
                    reason=options["reason"], actor=ENGINEER, now=clock.now(),
                )  # fmt: skip
                self._write(replay)
        except errors.Refusal as refused:
            raise CommandError(refused.detail) from refused
        self.stdout.write(f"{replay.id}: {replay.facts} facts go to {replay.handler}.")

    def _write(self, replay: replaying.Replay) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(file=self.stdout)) as progress:  # type: ignore[arg-type]
            task = progress.add_task("facts", total=replay.facts)
            moved, last = replaying.replay_batch(replay, after=0)
            while moved:
                progress.advance(task, moved)
                moved, last = replaying.replay_batch(replay, after=last)


@transaction.atomic
def _environment(tenant: str, slug: str) -> tenancy.Scope:
    found = Environment.objects.of_tenants().filter(tenant__slug=tenant, slug=slug).first()
    if found is None:
        raise CommandError(f"The tenant {tenant} has no environment {slug}.")
    return found.as_scope()


def _choice(options: dict[str, Any]) -> replaying.Choice:
    return replaying.Choice(
        ids=tuple(event_uuid(one) for one in options["id"]), from_sequence=options["start"],
        to_sequence=options["end"], since=options["since"], until=options["until"], types=tuple(options["type"]),
    )  # fmt: skip


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
