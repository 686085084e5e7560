"""Twelve notes at the same instant: together they never take back more than the invoice, under gapless numbers."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from billing.crediting import CreditExceedsInvoice
from billing.models import CreditNote, Invoice, NumberCounter
from billing.tests.balance import balances
from billing.tests.credit_notes.builders import credit
from billing.tests.factories import issue, settle
from core import invariants
from tests.session import Database

AT_ONCE = 12
BY_HAND = """
WITH note AS (
  INSERT INTO billing_creditnote (id, environment_id, invoice_id, customer_id, key, counter_id, sequence, number,
      currency, reason, memo, subtotal_minor, tax_minor, total_minor, due_minor, refund_minor, wallet_minor,
      out_of_band_minor, issuer_snapshot, customer_snapshot, issued_at)
  SELECT gen_random_uuid(), environment_id, invoice_id, customer_id, gen_random_uuid()::text, counter_id,
      (random() * 1000000000)::bigint + 2, gen_random_uuid()::text, currency, reason, memo, 30, 0, 30, 0, 0, 0, 30,
      issuer_snapshot, customer_snapshot, issued_at
  FROM billing_creditnote WHERE id = %(like)s RETURNING id, environment_id
)
INSERT INTO billing_creditnoteline (id, environment_id, credit_note_id, invoice_line_id, position, description,
    currency, amount_minor, tax_minor, total_minor, taxes)
SELECT gen_random_uuid(), note.environment_id, note.id, line.invoice_line_id, 1, line.description, line.currency,
    30, 0, 30, line.taxes
FROM note, billing_creditnoteline line WHERE line.credit_note_id = %(like)s
"""


def run_all(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def take_back(sandbox_scope: Callable[[], Any], start: Barrier, invoice: Any, position: int, **known: Any) -> bool:
    """Whether a note of 30 was issued."""
    try:
        start.wait()
        with sandbox_scope(), transaction.atomic():
            credit(invoice, 30, **{"key": f"parallel-{position}"} | known)
    except CreditExceedsInvoice:
        return False
    finally:
        connection.close()
    return True


@pytest.mark.slow
def test_three_of_twelve_notes_of_30_fit_into_100(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        invoice = issue(100)
    start = Barrier(AT_ONCE)
    done = run_all([partial(take_back, sandbox_scope, start, invoice, position) for position in range(AT_ONCE)])
    assert sum(done) == 3
    with sandbox_scope(), transaction.atomic():
        assert sorted(CreditNote.objects.values_list("sequence", flat=True)) == [1, 2, 3]
        assert NumberCounter.objects.get(series__code="credit_note").last == 3
        assert Invoice.objects.get().due_minor == 10
        assert balances() == {"receivable": 10, "revenue": -10}
    assert [code for code in (one.code for one in invariants.rules()) if invariants.broken(code)] == []


def take_back_by_hand(sandbox_scope: Callable[[], Any], start: Barrier, like: UUID) -> bool:
    """Whether a note of 30 came in past the verb, and its lock: only the database watches."""
    try:
        start.wait()
        with sandbox_scope(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BY_HAND, {"like": like})
    except IntegrityError as refused:
        if "exceed" not in str(refused):
            raise
        return False
    finally:
        connection.close()
    return True


@pytest.mark.slow
def test_the_database_alone_holds_the_limit(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        note = credit(settle(issue(100)), 10, settle="out_of_band")
    start = Barrier(AT_ONCE)
    done = run_all([partial(take_back_by_hand, sandbox_scope, start, note.id) for _ in range(AT_ONCE)])
    assert sum(done) == 3
    assert invariants.broken("billing.credits_within_invoice") == []
    assert invariants.broken("billing.credits_within_lines") == []


@pytest.mark.slow
def test_one_key_makes_one_note_however_many_ask_at_once(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        invoice = issue(1000)
    start = Barrier(AT_ONCE)
    run_all([partial(take_back, sandbox_scope, start, invoice, 0, key="one") for _ in range(AT_ONCE)])
    with sandbox_scope(), transaction.atomic():
        assert (CreditNote.objects.count(), Invoice.objects.get().credited_minor) == (1, 30)
