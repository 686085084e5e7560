"""`manage.py export_audit`: the audit log as JSON Lines, which `scripts/verify_audit_export.py` verifies by itself."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit import exporting, services
from audit.models import Seal
from core import ids
from core.actor import SYSTEM
from core.models import Environment
from core.tenancy import scope


class Command(BaseCommand):
    help = "Write sealed entries and checkpoints as JSON Lines; each export is itself an entry of the log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add the range, the place, and the choice of checkpoints alone."""
        parser.add_argument("--chain", help="only this chain: e:env_… or env_…")
        parser.add_argument("--since", type=int, default=0, help="only behind this place of the chain")
        parser.add_argument("--until", type=int, help="only up to this place of the chain")
        parser.add_argument("--anchors", action="store_true", help="only the checkpoints, to be kept somewhere else")
        parser.add_argument("--output", type=Path, help="a new file of mode 0600 instead of the standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will write the lines of each chain."""
        with transaction.atomic():
            rows = Environment.objects.select_related("tenant").order_by("id")
            chosen = list(rows if options["chain"] is None else [_named(options["chain"], rows)])
        with _opened(options["output"]) as file:
            for environment in chosen:
                with scope(environment.as_scope()), transaction.atomic():
                    for line in _lines(options):
                        (file or self.stdout).write(f"{line}\n")


def _named(chain: str, rows: Any) -> Environment:
    try:
        found: Environment = rows.get(pk=ids.decode("env", chain.removeprefix("e:")))
    except (ids.MalformedId, Environment.DoesNotExist) as cause:
        raise CommandError(f"there is no chain {chain}") from cause
    return found


def _opened(path: Path | None) -> AbstractContextManager[Any]:
    if path is None:
        return nullcontext()
    path.touch(mode=0o600, exist_ok=False)
    return path.open("w", encoding="utf-8")


def _lines(options: dict[str, Any]) -> Iterator[str]:
    after, until = options["since"], options["until"]
    if after and not Seal.objects.filter(sequence=after).exists():
        return
    yield from (exporting.anchor_lines if options["anchors"] else exporting.lines)(after=after, until=until)
    services.record_export(actor=SYSTEM.label, after=after, until=until, reason="manage.py export_audit")
