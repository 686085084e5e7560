"""`manage.py verify_audit`: prove that nobody has touched the audit log."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, transaction

from audit import services, verification
from audit.verification import Anchor, Break
from core import ids
from core.models import Environment
from core.tenancy import scope

WHOLE, BROKEN, NOT_RUN = 0, 1, 2


class Command(BaseCommand):
    help = (
        "Verify the audit log: exit 0 if it is whole, 1 and the first break of each chain if not, 2 if it cannot run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """This function will add what narrows the verification, and `--json` for machines."""
        parser.add_argument("--chain", help="only this chain: e:env_… or env_…")
        parser.add_argument("--since", type=int, default=0, help="only behind this place, which was verified before")
        parser.add_argument("--anchors", type=Path, help="a file of checkpoints that were kept somewhere else")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """This function will walk the chains and print what is wrong with them."""
        try:
            anchors = verification.read_anchors(options["anchors"]) if options["anchors"] else {}
            breaks = list(_breaks(options["chain"], options["since"], anchors))
        except (DatabaseError, verification.UnreadableAnchors, ids.MalformedId, Environment.DoesNotExist) as cause:
            self.stderr.write(f"the audit log could not be verified: {type(cause).__name__} {cause}")
            sys.exit(NOT_RUN)
        self._tell(breaks, as_json=options["json"])
        sys.exit(BROKEN if breaks else WHOLE)

    def _tell(self, breaks: Sequence[Break], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([asdict(one) for one in breaks], indent=2))
            return
        for one in breaks:
            self.stdout.write(f"BROKEN {one.chain} at {one.sequence}: {one.kind} ({one.detail})")
        if not breaks:
            self.stdout.write("every chain of the audit log is whole")


def _breaks(chain: str | None, since: int, anchors: Mapping[str, Sequence[Anchor]]) -> Iterator[Break]:
    if chain is None and not since:
        yield from verification.verify(anchors)
        return
    with transaction.atomic():
        yield from verification.unguarded()
        rows = Environment.objects.select_related("tenant").order_by("id")
        chosen = list(rows if chain is None else [rows.get(pk=ids.decode("env", chain.removeprefix("e:")))])
    for environment in chosen:
        with scope(environment.as_scope()), transaction.atomic():
            walked = verification.verify_chain(since=since, anchors=anchors.get(services.chain_name(), ()))
        if walked.found:
            yield walked.found
