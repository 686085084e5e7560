"""`manage.py check_invariants`: prove the rules of the whole database."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core import invariants


class Command(BaseCommand):
    help = "Prove every invariant on this database; exits 1 and names the offending rows if one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add `--json` for machines."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will run each rule and print what breaks it."""
        found = {rule.code: invariants.broken(rule.code) for rule in invariants.rules()}
        self._print_json(found) if options["json"] else self._print_lines(found)
        if any(found.values()):
            sys.exit(1)

    def _print_json(self, found: dict[str, list[dict[str, Any]]]) -> None:
        self.stdout.write(json.dumps(found, default=str, indent=2))

    def _print_lines(self, found: dict[str, list[dict[str, Any]]]) -> None:
        for rule in invariants.rules():
            rows = found[rule.code]
            self.stdout.write(f"{'BROKEN' if rows else 'ok':>6}  {rule.code}: {rule.title}")
            for row in rows:
                self.stdout.write(f"        {row}")
        broken = sum(bool(rows) for rows in found.values())
        self.stdout.write(f"{len(found) - broken} rules hold, {broken} broken")
