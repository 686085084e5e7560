"""What is asked after every run: every rule of the books, the audit chain, the gateway's book against the ledger."""

from typing import Any

from django.db import connection, transaction

from audit.verification import verify
from core import invariants
from core.tenancy.system import system_scope
from proof.harness.births import Nursery

# Money that came and went by the gateway's own book, and by our ledger's account of the gateway's cash.
_BOOKS = """
SELECT
  (SELECT coalesce(sum(CASE kind WHEN 'charge' THEN amount_minor ELSE -amount_minor END), 0)
     FROM payments_sandboxcharge WHERE status = 'succeeded'),
  (SELECT coalesce(sum(posting.amount_minor), 0) FROM billing_posting posting
     JOIN billing_account account ON account.id = posting.account_id WHERE account.code = 'cash')
"""


def broken(nursery: Nursery) -> list[str]:
    """This function will return what is wrong with the proof's database, one sentence each; nothing is the goal."""
    found: list[str] = nursery.ask(_find)
    return found


def _find() -> list[str]:
    rules = [f"{rule.code}: {rows[:3]}" for rule in invariants.rules() if (rows := invariants.broken(rule.code))]
    return [*rules, *(f"audit: {one}" for one in verify()), *_unequal_books()]


def _unequal_books() -> list[str]:
    with system_scope("proof: compare the books"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BOOKS)
        row: Any = cursor.fetchone()
    theirs, ours = row
    return [] if theirs == ours else [f"books: the gateway has {theirs}, the ledger {ours}"]
