"""64 finalizations at the same time, a tenth of them rolled back: numbers without gaps, without repeats, in order."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from billing.models import Invoice, Journal, NumberCounter
from billing.tests.factories import issue, make_customer_id
from core import invariants
from tests.session import Database

AT_ONCE = 12
FINALIZATIONS = 64


class ChangedItsMind(Exception):
    """The transaction that took a number does not commit."""


def finalize(sandbox_scope: Callable[[], Any], position: int) -> bool:
    """Whether the invoice was committed; every tenth is not."""
    try:
        with sandbox_scope(), transaction.atomic():
            issue(1000, key=f"parallel-{position}")
            if position % 10 == 0:
                raise ChangedItsMind
    except ChangedItsMind:
        return False
    finally:
        connection.close()
    return True


def run_all(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


@pytest.mark.slow
def test_numbers_stay_gapless_when_finalizations_race_and_fail(
    committed: Database, sandbox_scope: Callable[[], Any]
) -> None:
    calls = [partial(finalize, sandbox_scope, position) for position in range(FINALIZATIONS)]
    kept = sum(run_all(calls))
    assert kept == FINALIZATIONS - 7
    with sandbox_scope(), transaction.atomic():
        sequences = list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True))
        assert sequences == list(range(1, kept + 1))
        assert NumberCounter.objects.get().last == kept
        assert Journal.objects.count() == kept
    assert invariants.broken("billing.numbers_gapless") == []
    assert invariants.broken("billing.numbers_in_order") == []


@pytest.mark.slow
def test_one_key_makes_one_invoice_however_many_ask_at_once(
    committed: Database, sandbox_scope: Callable[[], Any]
) -> None:
    with sandbox_scope(), transaction.atomic():
        customer_id = make_customer_id()

    def ask() -> Any:
        try:
            with sandbox_scope(), transaction.atomic():
                return issue(1000, key="one", customer_id=customer_id).id
        finally:
            connection.close()

    answers = run_all([ask] * 24)
    assert len(set(answers)) == 1
    with sandbox_scope(), transaction.atomic():
        assert (Invoice.objects.count(), Journal.objects.count(), NumberCounter.objects.get().last) == (1, 1, 1)
