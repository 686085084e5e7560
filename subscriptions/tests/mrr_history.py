"""The command that works the movements out again, and the rules that they keep."""

import io

from django.core.management import call_command

from core import invariants

RULES = [one.code for one in invariants.rules() if one.code.startswith("subscriptions.mrr")]


def backfill(*arguments: str) -> tuple[int, str]:
    """Run the command; answer its exit status and what it said."""
    said = io.StringIO()
    try:
        call_command("backfill_mrr", *arguments, stdout=said)
    except SystemExit as ended:
        return int(ended.code or 0), said.getvalue()
    return 0, said.getvalue()
