"""`manage.py verify_audit`: prove that nobody has touched the audit log."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from audit.verification import verify


class Command(BaseCommand):
    help = "Verify every chain of the audit log; exits 1 and names the first broken entry of each."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add `--json` for machines."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will walk the chains and print what is wrong with them."""
        breaks = list(verify())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in breaks], indent=2))
        for one in breaks if not options["json"] else ():
            self.stdout.write(f"BROKEN {one.chain} at {one.sequence}: {one.kind} ({one.detail})")
        if breaks:
            sys.exit(1)
        if not options["json"]:
            self.stdout.write("every chain of the audit log is whole")
