"""What a broken program, or somebody with the owner's password, would have to do for each rule of credit notes."""

from datetime import timedelta

from billing import services
from billing.tests.credit_notes.builders import credit, german, tax_rate
from billing.tests.factories import AT, issue, settle
from core.actor import SYSTEM

BOOKS = "ALTER TABLE billing_posting DISABLE TRIGGER append_only_rows; "
JOURNALS = "ALTER TABLE billing_journal DISABLE TRIGGER append_only_rows; "
NOTES = "ALTER TABLE billing_creditnote DISABLE TRIGGER append_only_rows; "
LINES = "ALTER TABLE billing_creditnoteline DISABLE TRIGGER append_only_rows; "
WHERE_IT_WENT = "ALTER TABLE billing_creditnote DROP CONSTRAINT billing_creditnote_went_somewhere; "

DAMAGE = {
    "billing.credits_within_lines": LINES + "UPDATE billing_creditnoteline SET amount_minor = amount_minor + 100000, "
    "total_minor = total_minor + 100000",
    "billing.credits_within_invoice": NOTES + "UPDATE billing_creditnote SET currency = 'EUR'",
    "billing.credit_note_totals": NOTES + "UPDATE billing_creditnote SET subtotal_minor = subtotal_minor - 1, "
    "tax_minor = tax_minor + 1",
    "billing.credit_taxes_add_up": LINES + "UPDATE billing_creditnoteline SET taxes = '[]' WHERE tax_minor > 0",
    "billing.credited_is_due_parts": "UPDATE billing_invoice SET credited_minor = credited_minor - 1, "
    "due_minor = due_minor + 1 WHERE state = 'open' AND credited_minor > 0",
    "billing.credit_notes_booked": BOOKS + "UPDATE billing_posting SET amount_minor = amount_minor + 1 "
    "WHERE journal_id IN (SELECT id FROM billing_journal WHERE kind = 'credit_note')",
    "billing.credit_note_lots": NOTES + WHERE_IT_WENT + "UPDATE billing_creditnote SET wallet_minor = wallet_minor + 1",
    "billing.write_offs_booked": JOURNALS + "UPDATE billing_journal SET invoice_id = NULL WHERE kind = 'write_off'",
}  # fmt: skip


def arrange() -> None:
    """Notes that went everywhere, one that forgave an invoice, one with a credit line, and debts written off."""
    later = AT + timedelta(hours=7)
    for way in ("wallet", "out_of_band"):
        invoice = settle(issue(1000, 777, customer_id=german(), now=later), 900)
        credit(invoice, 333, now=later)
        credit(invoice, 1000, settle=way, now=later)
    tax_rate("19")
    credit(issue(1001, customer_id=german(), now=later), 333, now=later)
    credit(issue(1000, -300, now=later), now=later)
    lost = [issue(500, now=later) for _ in range(3)]
    for one in lost:
        services.mark_uncollectible(invoice_id=one.id, reason="Gone", actor=SYSTEM, now=later)
    settle(lost[0], 200)
    credit(lost[1], 200, now=later)
    services.void_invoice(invoice_id=lost[2].id, reason="Gone", actor=SYSTEM, now=later)
