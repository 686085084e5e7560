"""Every rule sees the damage it is for, and none sees any where there is none."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps

from billing.models import Invoice
from billing.services import void_invoice
from billing.tests.coupons import bill_with_coupon_and_taxes
from billing.tests.credit_notes import damage as credit_notes
from billing.tests.dunning import damage as dunning
from billing.tests.factories import AT, issue, make_customer_id, refund, settle
from billing.tests.wallets import damage as wallets
from core import invariants
from core.actor import SYSTEM
from core.tenancy import Scope
from tests.shared import Worlds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_arranged")]

TABLES = [model._meta.db_table for model in apps.get_models()]
OURS = [one.code for one in invariants.rules() if one.code.startswith("billing.")]

# What a broken program, or somebody with the owner's password, would have to do for each rule.
BOOKS = "ALTER TABLE billing_posting DISABLE TRIGGER append_only_rows; "
JOURNALS = "ALTER TABLE billing_journal DISABLE TRIGGER append_only_rows; "
ANYTHING = "ALTER TABLE billing_invoice DROP CONSTRAINT "
FIRST = "(SELECT id FROM billing_invoice WHERE sequence = 1)"
SALE = "(SELECT id FROM billing_journal WHERE kind = 'invoice' ORDER BY id LIMIT 1)"
CASH = "(SELECT id FROM billing_account WHERE code = 'cash')"

DAMAGE = {
    "billing.journal_zero_sum": BOOKS + "UPDATE billing_posting SET amount_minor = amount_minor + 1 "
    f"WHERE journal_id = {SALE} AND amount_minor > 0",
    "billing.journal_two_postings": BOOKS + f"DELETE FROM billing_posting WHERE journal_id = {SALE}",
    "billing.ledger_zero_sum": BOOKS + f"DELETE FROM billing_posting WHERE journal_id = {SALE} AND amount_minor > 0",
    "billing.posting_in_place": "UPDATE billing_account SET currency = 'JPY' "
    "WHERE code = 'revenue' AND currency = 'USD'",
    "billing.journal_once": "ALTER TABLE billing_journal DROP CONSTRAINT billing_journal_once; " + JOURNALS
    + f"UPDATE billing_journal SET reference = (SELECT reference FROM billing_journal WHERE id = {SALE}) "
    "WHERE kind = 'refund'",
    "billing.invoice_totals": "UPDATE billing_invoiceline SET amount_minor = 1, total_minor = 1 "
    f"WHERE invoice_id = {FIRST}",
    "billing.invoice_arithmetic": ANYTHING + "billing_invoice_due; "
    f"UPDATE billing_invoice SET due_minor = due_minor + 1 WHERE id = {FIRST}",
    "billing.paid_is_settled": ANYTHING + "billing_invoice_paid_is_stamped; "
    "UPDATE billing_invoice SET state = 'open', paid_at = NULL WHERE state = 'paid'",
    "billing.numbers_gapless": "UPDATE billing_invoice SET sequence = sequence + 100 WHERE sequence = 2",
    "billing.numbers_in_order": "UPDATE billing_invoice SET issued_at = issued_at + interval '1 year' "
    f"WHERE id = {FIRST}",
    "billing.drafts_unnumbered": ANYTHING + "billing_invoice_numbered_when_final; "
    f"UPDATE billing_invoice SET number = NULL WHERE id = {FIRST}",
    "billing.invoices_booked": JOURNALS + f"UPDATE billing_journal SET subject_id = NULL WHERE id = {SALE}",
    "billing.voids_mirrored": JOURNALS + "UPDATE billing_journal SET kind = 'other' WHERE kind = 'void'",
    "billing.payments_booked": "UPDATE billing_invoice SET refunded_minor = 1 WHERE state = 'paid' AND paid_minor > 0",
    "billing.receivable_is_due": BOOKS + f"UPDATE billing_posting SET account_id = {CASH} "
    f"WHERE journal_id = {SALE} AND amount_minor > 0",
    "billing.coupon_redeemed": "UPDATE billing_coupon SET redeemed = 5",
    "billing.coupon_per_customer": "ALTER TABLE billing_coupon DROP CONSTRAINT billing_coupon_per_customer_limit; "
    "UPDATE billing_coupon SET max_per_customer = 0",
    "billing.coupon_cycles": "UPDATE billing_couponredemption SET cycles_used = 0",
    "billing.coupon_removed": "UPDATE billing_couponredemption SET removed_at = redeemed_at",
    "billing.discounts_add_up": "UPDATE billing_invoicediscount SET amount_minor = amount_minor + 1",
    "billing.taxes_add_up": "UPDATE billing_invoicetax SET tax_minor = tax_minor + 1",
    "billing.line_taxes_add_up": "UPDATE billing_invoiceline SET taxes = '[]' WHERE tax_minor > 0",
    "billing.stored_value_booked": JOURNALS + "UPDATE billing_journal SET kind = 'other' WHERE kind = 'stored_value'",
    **wallets.DAMAGE,
    **credit_notes.DAMAGE,
    **dunning.DAMAGE,
    "billing.rates_add_up": "UPDATE billing_invoicetax SET tax_minor = tax_minor + 1",
}  # fmt: skip


def arrange() -> None:
    """One invoice of every fate, a draft, and a second currency."""
    issue(1000)
    paid = settle(issue(2000, 500, now=AT + timedelta(hours=1)), 3000)
    refund(paid, 700)
    void_invoice(invoice_id=issue(300, now=AT + timedelta(hours=2)).id, reason="Mistake", actor=SYSTEM, now=AT)
    settle(issue(900, now=AT + timedelta(hours=3)), 100)
    issue(800, currency="EUR", now=AT + timedelta(hours=4))
    issue(5, -5, now=AT + timedelta(hours=5))
    bill_with_coupon_and_taxes(now=AT + timedelta(hours=6))
    wallets.arrange()
    credit_notes.arrange()
    dunning.arrange()
    Invoice.objects.create(customer_id=make_customer_id(), kind="one_off", key="draft", currency="USD", created_at=AT)


@pytest.fixture(scope="module")
def _arranged(worlds: Worlds) -> None:
    worlds.build(lambda _freeze: arrange())


def test_a_healthy_house_breaks_no_rule() -> None:
    assert {code: found for code in OURS if (found := invariants.broken(code))} == {}


def test_every_rule_has_its_damage() -> None:
    assert sorted(DAMAGE) == sorted(OURS)


@pytest.mark.parametrize("code", sorted(DAMAGE))
def test_damage_is_reported(environment: Scope, owner_sql: Callable[..., Any], code: str) -> None:
    owner_sql(DAMAGE[code], off=[table for table in TABLES if table in DAMAGE[code]])
    found = invariants.broken(code)
    assert found
    assert {row["environment_id"] for row in found} == {environment.environment_id}
    assert all(isinstance(row["id"], str) for row in found)
