"""`manage.py books`: the books on paper."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.tests.factories import issue, make_customer_id, settle
from core import ids

pytestmark = pytest.mark.django_db


def printed(*options: str) -> str:
    out = StringIO()
    call_command("books", "--environment", "sandbox", *options, stdout=out)
    return out.getvalue()


def arrange() -> str:
    """One invoice of 10.00 of 15 January at noon, of which 4.00 have been paid, and one in yen. Returns who owes."""
    customer_id = make_customer_id()
    settle(issue(1000, customer_id=customer_id), 400)
    issue(7, currency="JPY")
    return ids.encode("cus", customer_id)


def test_the_books_are_shown_as_tables() -> None:
    customer = arrange()
    shown = printed("--as-of", "2026-02-20T12:00:00Z")
    assert "Books of sandbox as of 2026-02-20T12:00:00+00:00" in shown
    for text in (
        "Trial balance, USD",
        "Trial balance, JPY",
        "Receivables, USD",
        "Months, USD",
        "2026-01",
        customer,
        "receivable",
        "-10.00",
        "6.00",
        "USD sums to zero",
        "JPY sums to zero",
    ):
        assert text in shown


def test_the_books_are_printed_for_machines() -> None:
    customer = arrange()
    document = json.loads(printed("--as-of", "2026-01-15", "--currency", "USD", "--json"))
    assert document["as_of"] == "2026-01-15T23:59:59.999999+00:00"
    assert document["sums"] == {"USD": 0}
    assert {row["code"]: row["balance_minor"] for row in document["trial_balance"]} == {
        "cash": 400, "receivable": 600, "revenue": -1000,
    }  # fmt: skip
    assert document["receivables"] == [{
        "customer": customer, "currency": "USD", "not_due_minor": 0, "days_1_30_minor": 600, "days_31_60_minor": 0,
        "days_61_90_minor": 0, "over_90_minor": 0, "total_minor": 600,
    }]  # fmt: skip
    assert document["months"] == [
        {"month": "2026-01-01", "currency": "USD", "revenue_minor": 1000, "refunds_minor": 0, "cash_minor": 400}
    ]


def test_the_books_are_printed_for_spreadsheets() -> None:
    customer = arrange()
    rows = list(csv.reader(StringIO(printed("--as-of", "2026-01-16T12:00:00+00:00", "--csv"))))
    assert rows[0] == ["report", "currency", "subject", "item", "amount_minor"]
    assert ["Trial balance", "USD", "cash", "balance", "400"] in rows
    assert ["Receivables", "USD", customer, "1–30 days", "600"] in rows
    assert ["Months", "JPY", "2026-01", "revenue", "7"] in rows


def test_the_instant_is_included_and_what_comes_after_is_not() -> None:
    arrange()
    assert json.loads(printed("--as-of", "2026-01-15T12:00:00Z", "--json"))["sums"] == {"JPY": 0, "USD": 0}
    assert json.loads(printed("--as-of", "2026-01-15T11:59:59.999999Z", "--json"))["trial_balance"] == []
    assert json.loads(printed("--as-of", "2026-01-14", "--json"))["receivables"] == []


def test_other_environments_are_not_in_them() -> None:
    arrange()
    out = StringIO()
    call_command("books", "--json", "--as-of", "2026-02-01", stdout=out)
    assert json.loads(out.getvalue())["trial_balance"] == []


def test_books_that_do_not_balance_are_an_error(owner_sql: Callable[..., Any]) -> None:
    arrange()
    owner_sql(
        "ALTER TABLE billing_posting DISABLE TRIGGER append_only_rows; "
        "UPDATE billing_posting SET amount_minor = 401 WHERE amount_minor = 400; "
        "ALTER TABLE billing_posting ENABLE ALWAYS TRIGGER append_only_rows",
        off=["billing_posting"],
    )
    with pytest.raises(SystemExit) as left:
        printed("--as-of", "2026-02-01")
    assert left.value.code == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--as-of", "yesterday"],
        ["--as-of", "2026-02-30"],
        ["--as-of", "2026-01-15T12:00:00"],
        ["--as-of", "9999-12-31"],
        ["--currency", "XXY"],
        ["--environment", "nowhere"],
    ],
)
def test_a_question_without_sense_is_refused(options: list[str]) -> None:
    with pytest.raises(CommandError):
        printed(*options)
