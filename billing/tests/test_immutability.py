"""After finalization the database refuses every change of what an invoice says, also by raw SQL."""

from collections.abc import Callable
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from billing.models import Invoice, InvoiceLine
from billing.selectors import InvoiceView
from billing.tests.factories import AT, issue, line, make_customer_id, settle

pytestmark = pytest.mark.django_db

Sql = Callable[..., None]

FROZEN = [
    "subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1, due_minor = due_minor + 1",
    "discount_minor = 1, total_minor = total_minor - 1, due_minor = due_minor - 1",
    "tax_minor = 1, total_minor = total_minor + 1, due_minor = due_minor + 1",
    "number = 'INV-0'",
    "sequence = 7",
    "currency = 'EUR'",
    "reference = 'sub_other'",
    "kind = 'gift'",
    "key = 'other'",
    "issued_at = issued_at - interval '1 day'",
    "due_at = due_at + interval '1 day'",
    "created_at = created_at - interval '1 day'",
    "period_starts_at = now() - interval '1 day', period_ends_at = now()",
    "customer_snapshot = '{}'",
    "issuer_snapshot = '{}'",
    "tax_behavior = 'inclusive'",
    "state = 'draft', number = NULL, counter_id = NULL, sequence = NULL, issued_at = NULL",
]


@pytest.fixture
def invoice() -> InvoiceView:
    return issue(1000)


def run(sql: str, *parameters: UUID) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@pytest.mark.parametrize("change", FROZEN)
def test_what_a_finalized_invoice_says_does_not_change(invoice: InvoiceView, change: str) -> None:
    before = Invoice.objects.values().get()
    with pytest.raises(DatabaseError):
        run(f"UPDATE billing_invoice SET {change} WHERE id = %s", invoice.id)
    assert Invoice.objects.values().get() == before


def test_no_session_can_turn_the_triggers_off_for_itself(invoice: InvoiceView) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(tgname) FROM pg_trigger WHERE tgname LIKE 'pgtrigger_%%'")
        (every,) = cursor.fetchone()
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s::text, true)", ["{" + ",".join(every) + "}"])
    before = Invoice.objects.values().get()
    with pytest.raises(DatabaseError):
        run("UPDATE billing_invoice SET number = 'INV-0' WHERE id = %s", invoice.id)
    assert Invoice.objects.values().get() == before


def test_its_customer_does_not_change(invoice: InvoiceView) -> None:
    with pytest.raises(DatabaseError):
        run("UPDATE billing_invoice SET customer_id = %s WHERE id = %s", make_customer_id(), invoice.id)


def test_it_is_never_deleted(invoice: InvoiceView) -> None:
    with pytest.raises(DatabaseError):
        run("DELETE FROM billing_invoice WHERE id = %s", invoice.id)
    assert Invoice.objects.exists()


@pytest.mark.parametrize("statement", [
    "UPDATE billing_invoiceline SET description = 'Other' WHERE invoice_id = %s",
    "UPDATE billing_invoiceline SET amount_minor = 1, total_minor = 1 WHERE invoice_id = %s",
    "DELETE FROM billing_invoiceline WHERE invoice_id = %s",
])  # fmt: skip
def test_its_lines_do_not_change(invoice: InvoiceView, statement: str) -> None:
    before = list(InvoiceLine.objects.values())
    with pytest.raises(DatabaseError, match="lines of a finalized invoice"):
        run(statement, invoice.id)
    assert list(InvoiceLine.objects.values()) == before


def test_no_line_is_added_to_it(invoice: InvoiceView) -> None:
    with pytest.raises(DatabaseError, match="lines of a finalized invoice"), transaction.atomic():
        InvoiceLine.objects.create(
            invoice_id=invoice.id, position=2, kind="fixed", description="More", quantity=1, currency="USD",
            amount_minor=1, total_minor=1,
        )  # fmt: skip


def test_no_line_slips_in_with_the_statement_that_finalizes(invoice: InvoiceView) -> None:
    draft, counter = in_state("draft"), Invoice.objects.values_list("counter_id", flat=True).get(pk=invoice.id)
    slip = (
        "WITH finalized AS (UPDATE billing_invoice SET state = 'open', counter_id = %s, sequence = 99, number = 'X-99',"
        " issued_at = now(), due_at = now() WHERE id = %s RETURNING id) INSERT INTO billing_invoiceline"
        " SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'invoice_id', finalized.id))).*"
        " FROM billing_invoiceline l, finalized WHERE l.invoice_id = %s"
    )
    with pytest.raises(DatabaseError, match="lines of a finalized invoice"):
        run(slip, counter, draft.pk, invoice.id)
    assert InvoiceLine.objects.count() == 1


def test_no_line_moves_to_another_invoice(invoice: InvoiceView) -> None:
    other = issue(lines=[line(1), line(2)])
    with pytest.raises(DatabaseError):
        run("UPDATE billing_invoiceline SET invoice_id = %s, position = 9 WHERE invoice_id = %s", other.id, invoice.id)


def test_no_invoice_is_born_finalized() -> None:
    with pytest.raises(DatabaseError, match="starts as a draft"), transaction.atomic():
        Invoice.objects.create(
            customer_id=make_customer_id(), kind="one_off", key="k", currency="USD", state="void", created_at=AT,
            voided_at=AT,
        )  # fmt: skip


def in_state(state: str) -> Invoice:
    """An invoice brought to a state by the changes that are allowed."""
    if state == "draft":
        return Invoice.objects.create(
            customer_id=make_customer_id(), kind="one_off", key="draft", currency="USD", created_at=AT
        )
    invoice = Invoice.objects.get(pk=issue(1000).id)
    Invoice.objects.filter(pk=invoice.id, state="open").exclude(state=state).update(**STAMPS[state])
    return Invoice.objects.get(pk=invoice.id)


STAMPS: dict[str, dict[str, Any]] = {
    "open": {"state": "open", "paid_at": None, "voided_at": None},
    "paid": {"state": "paid", "paid_at": AT, "voided_at": None, "due_minor": 0, "paid_minor": 1000},
    "void": {"state": "void", "paid_at": None, "voided_at": AT, "due_minor": 0},
    "uncollectible": {"state": "uncollectible", "paid_at": None, "voided_at": None, "uncollectible_at": AT},
    "draft": {"state": "draft", "paid_at": None, "voided_at": None, "number": None},
}
PAIRS = [(old, new) for old, new in product(Invoice.TRANSITIONS, repeat=2) if old != new]


@pytest.mark.parametrize(("old", "new"), [
    pair for pair in PAIRS if pair[1] not in Invoice.TRANSITIONS[pair[0]]
])  # fmt: skip
def test_the_database_refuses_every_other_change_of_state(old: str, new: str) -> None:
    row = in_state(old)
    with pytest.raises(DatabaseError), transaction.atomic():
        Invoice.objects.filter(pk=row.pk).update(**STAMPS[new])
    assert Invoice.objects.get(pk=row.pk).state == old


@pytest.mark.parametrize(("old", "new"), [
    (old, new) for old, new in PAIRS if new in Invoice.TRANSITIONS[old] and old != "draft"
])  # fmt: skip
def test_the_transitions_of_the_table_are_possible(old: str, new: str) -> None:
    row = in_state(old)
    Invoice.objects.filter(pk=row.pk).update(**STAMPS[new])
    assert Invoice.objects.get(pk=row.pk).state == new


@pytest.mark.parametrize("change", [
    "paid_minor = -1", "due_minor = due_minor - 1", "paid_minor = 400", "paid_at = now()", "voided_at = now()",
    "refunded_minor = 1", "state = 'paid'", "state = 'void'",
])  # fmt: skip
def test_a_row_that_contradicts_itself_is_refused(invoice: InvoiceView, change: str) -> None:
    with pytest.raises(IntegrityError):
        run(f"UPDATE billing_invoice SET {change} WHERE id = %s", invoice.id)


def test_a_draft_may_change_and_go() -> None:
    draft = in_state("draft")
    InvoiceLine.objects.create(
        invoice=draft, position=1, kind="fixed", description="One", quantity=1, currency="USD", amount_minor=5,
        total_minor=5,
    )  # fmt: skip
    Invoice.objects.filter(pk=draft.pk).update(subtotal_minor=5, total_minor=5, due_minor=5)
    draft.delete()
    assert not Invoice.objects.exists()


def test_two_invoices_never_share_a_number(invoice: InvoiceView) -> None:
    other = settle(issue(1000))
    assert other.number != invoice.number
    draft, row = in_state("draft"), Invoice.objects.get(pk=invoice.id)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.objects.filter(pk=draft.pk).update(
            state="open", number=row.number, counter=row.counter, sequence=99, issued_at=AT
        )
