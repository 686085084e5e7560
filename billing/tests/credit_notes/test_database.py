"""What raw SQL cannot do about credit notes."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing import services
from billing.models import CreditNote, CreditNoteLine, Invoice
from billing.tests.credit_notes.builders import credit, german, tax_rate
from billing.tests.factories import AT, issue
from core import tenancy
from core.actor import SYSTEM
from core.errors import Refusal
from core.problems import as_refusal
from core.tenancy import Scope

pytestmark = pytest.mark.django_db

NOTE = """
INSERT INTO billing_creditnote (id, environment_id, invoice_id, customer_id, key, counter_id, sequence, number,
    currency, reason, memo, subtotal_minor, tax_minor, total_minor, due_minor, refund_minor, wallet_minor,
    out_of_band_minor, issuer_snapshot, customer_snapshot, issued_at)
SELECT gen_random_uuid(), environment_id, %(invoice)s, %(customer)s, gen_random_uuid()::text, counter_id,
    sequence + 1, number || 'x', %(currency)s, reason, memo, %(total)s, 0, %(total)s, 0, 0, 0, %(total)s,
    issuer_snapshot, customer_snapshot, issued_at
FROM billing_creditnote WHERE id = %(like)s
"""
LINE = """
INSERT INTO billing_creditnoteline (id, environment_id, credit_note_id, invoice_line_id, position, description,
    currency, amount_minor, tax_minor, total_minor, taxes)
SELECT gen_random_uuid(), environment_id, id, %(line)s, 7, 'by hand', %(currency)s, %(net)s, %(tax)s,
    %(net)s + %(tax)s, '[]' FROM billing_creditnote WHERE id = %(note)s
"""


def run(sql: str, **values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def refused(sql: str, **values: Any) -> str:
    """The name of the constraint that refuses a statement."""
    with pytest.raises(IntegrityError) as failure:
        run(sql, **values)
    diagnosis: Any = failure.value.__cause__
    return str(diagnosis.diag.constraint_name)


def values_of(note: CreditNote, **other: Any) -> dict[str, Any]:
    known = {
        "like": note.id, "invoice": note.invoice_id, "customer": note.customer_id, "currency": note.currency,
        "total": 1,
    }  # fmt: skip
    return known | other


def test_notes_beyond_the_invoice_are_refused() -> None:
    note = credit(issue(1000), 600)
    assert refused(NOTE, **values_of(note, total=401)) == "billing_creditnote_within_invoice"


def test_a_note_on_a_draft_a_void_invoice_or_somebody_elses_is_refused() -> None:
    note, other = credit(issue(1000), 600), issue(1000)
    void = issue(1000, customer_id=note.customer_id)
    services.void_invoice(invoice_id=void.id, reason="Mistake", actor=SYSTEM, now=AT)
    draft = Invoice.objects.create(
        customer_id=note.customer_id, kind="one_off", key="draft", currency="USD", created_at=AT
    )  # fmt: skip
    expected = "billing_creditnote_of_final_invoice"
    assert refused(NOTE, **values_of(note, invoice=draft.id)) == expected
    assert refused(NOTE, **values_of(note, invoice=void.id)) == expected
    assert refused(NOTE, **values_of(note, invoice=other.id)) == expected
    assert refused(NOTE, **values_of(note, currency="EUR")) == expected


def test_a_note_without_lines_is_refused_at_commit() -> None:
    note = credit(issue(1000), 600)
    assert refused(NOTE, **values_of(note, total=100)) == "billing_creditnote_sums"


def test_a_line_beyond_the_invoices_line_is_refused_in_each_of_its_sums() -> None:
    tax_rate("20")
    invoice = issue(1000, 1000, customer_id=german())
    first, second = Invoice.objects.get(pk=invoice.id).lines.all()
    note = credit(invoice, lines=[(first.id, 600)])
    for net, tax in ((1001, 0), (0, 201), (-1, 2), (1001, -1)):
        found = refused(LINE, note=note.id, line=second.id, currency="USD", net=net, tax=tax)
        assert found == "billing_creditnoteline_within_line"


def test_a_line_of_another_invoice_is_refused() -> None:
    note, other = credit(issue(1000), 600), Invoice.objects.get(pk=issue(1000).id)
    line = other.lines.all()[0]
    found = refused(LINE, note=note.id, line=line.id, currency="USD", net=1, tax=0)
    assert found == "billing_creditnoteline_of_its_invoice"


def test_a_line_in_another_currency_is_refused() -> None:
    invoice = issue(1000, 1000)
    first, second = Invoice.objects.get(pk=invoice.id).lines.all()
    note = credit(invoice, lines=[(first.id, 600)])
    found = refused(LINE, note=note.id, line=second.id, currency="EUR", net=1, tax=0)
    assert found == "billing_creditnoteline_of_its_invoice"


def test_a_line_that_the_note_does_not_count_is_refused_at_commit() -> None:
    invoice = issue(1000, 1000)
    first, second = Invoice.objects.get(pk=invoice.id).lines.all()
    note = credit(invoice, lines=[(first.id, 600)])
    assert refused(LINE, note=note.id, line=second.id, currency="USD", net=1, tax=0) == "billing_creditnote_sums"


def test_a_note_that_its_invoice_does_not_count_is_refused_at_commit() -> None:
    note = credit(issue(1000), 600)
    sql = NOTE.replace("0, 0, 0, %(total)s,\n", "%(total)s, 0, 0, 0,\n")
    assert sql != NOTE
    assert refused(sql, **values_of(note, total=100)) == "billing_creditnote_sums"


@pytest.mark.parametrize("table", ["billing_creditnote", "billing_creditnoteline"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET total_minor = total_minor", "DELETE FROM {}"])
def test_notes_are_never_changed(table: str, statement: str) -> None:
    credit(issue(1000), 600)
    with pytest.raises(Exception, match=r"append-only|permission denied"):
        run(statement.format(table))
    assert (CreditNote.objects.count(), CreditNoteLine.objects.count()) == (1, 1)


def test_another_environment_sees_no_note(live_environment: Scope) -> None:
    credit(issue(1000), 600)
    with tenancy.scope(live_environment):
        assert not CreditNote.objects.exists()


def test_the_databases_word_is_a_refusal_of_ours() -> None:
    note = credit(issue(1000), 600)
    with pytest.raises(IntegrityError) as failure:
        run(NOTE, **values_of(note, total=401))
    refusal = as_refusal(failure.value)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "credit_exceeds_invoice"
