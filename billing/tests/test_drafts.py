"""One-off invoices: made as drafts or finalized at once, changed and thrown away as long as they are drafts."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.services import CurrencyMismatch
from billing import internal, services
from billing.models import CouponRedemption, Invoice, InvoiceNotDraft, Journal, PendingLine
from billing.selectors import InvoiceView
from billing.tests.balance import balances
from billing.tests.coupons import make_coupon
from billing.tests.factories import AT, issue, line, make_customer_id
from core import errors, ids
from core.actor import SYSTEM
from payments import selectors as payments

pytestmark = pytest.mark.django_db


def item(unit_amount: str = "10", **known: Any) -> dict[str, Any]:
    return {"description": "Work", "unit_amount": Decimal(unit_amount)} | known


def create(**known: Any) -> InvoiceView:
    fields: dict[str, Any] = {
        "customer_id": known.get("customer_id") or make_customer_id(), "currency": "USD", "items": [item()],
        "key": str(ids.new()), "actor": SYSTEM, "now": AT,
    }  # fmt: skip
    return services.create_invoice(**fields | known)


def draft(**known: Any) -> InvoiceView:
    return create(**{"finalize": False} | known)


def update(invoice: InvoiceView, **changes: Any) -> InvoiceView:
    return services.update_invoice(invoice_id=invoice.id, changes=changes, actor=SYSTEM, now=AT)


def row(invoice: InvoiceView) -> Invoice:
    return Invoice.objects.get(pk=invoice.id)


def test_an_invoice_of_items_is_finalized_at_once(facts: Callable[[], list[str]]) -> None:
    invoice = create(items=[item("10"), item("0.333", quantity=Decimal(3))])
    assert (invoice.kind, invoice.state, invoice.number) == ("one_off", "open", "INV-202601-00001")
    assert [one.amount_minor for one in row(invoice).lines.all()] == [1000, 100]
    assert balances() == {"receivable": 1100, "revenue": -1100}
    assert facts()[-1] == "invoice.finalized"


def test_what_is_due_is_collected_if_it_is_to_be() -> None:
    collected, left = create(collect=True), create()
    assert [one.status for one in payments.list_payments(collected.public_id)] == ["pending"]
    assert payments.list_payments(left.public_id) == ()


def test_an_invoice_of_nothing_is_paid() -> None:
    assert create(items=[item("0")]).state == "paid"


def test_a_draft_has_no_number_and_is_in_no_books(facts: Callable[[], list[str]]) -> None:
    invoice = draft(notes="Thank you", terms_days=30)
    after = row(invoice)
    assert (after.state, after.number, after.total_minor, after.notes, after.terms_days) == (
        "draft", None, 1000, "Thank you", 30,
    )  # fmt: skip
    assert (facts()[-1], Journal.objects.exists()) == ("invoice.drafted", False)


def test_the_currency_is_the_customers_unless_given() -> None:
    customer_id = make_customer_id(currency="EUR")
    assert create(customer_id=customer_id, currency=None).currency == "EUR"
    with pytest.raises(CurrencyMismatch):
        create(customer_id=customer_id, currency="USD")
    with pytest.raises(services.CurrencyNeeded):
        create(currency=None)
    assert Invoice.objects.count() == 1


def test_one_key_makes_one_invoice(facts: Callable[[], list[str]]) -> None:
    customer_id = make_customer_id()
    first = create(customer_id=customer_id, key="once")
    before = facts()
    again = create(customer_id=customer_id, key="once", items=[item("99")])
    assert (again, facts()) == (first, before)


def test_a_key_is_not_used_for_another_customer() -> None:
    create(key="once")
    with pytest.raises(services.InvoiceKeyReused):
        create(key="once")
    assert Invoice.objects.count() == 1


def test_nothing_is_not_billed() -> None:
    with pytest.raises(internal.InvoiceEmpty):
        create(items=[])
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("days", [-1, 366])
def test_terms_that_are_none_are_refused(days: int) -> None:
    with pytest.raises(services.TermsInvalid):
        create(terms_days=days)
    assert not Invoice.objects.exists()


def test_an_unknown_customer_is_not_billed() -> None:
    with pytest.raises(errors.NotFound):
        create(customer_id=ids.new())


def test_a_draft_is_written_again(facts: Callable[[], list[str]]) -> None:
    invoice = update(draft(), items=[item("7"), item("5")], notes="New", terms_days=7, collect=True)
    after = row(invoice)
    assert (after.total_minor, after.notes, after.terms_days, after.collects) == (1200, "New", 7, True)
    assert [one.amount_minor for one in after.lines.all()] == [700, 500]
    assert facts()[-1] == "invoice.draft_changed"


def test_nothing_to_change_changes_nothing(facts: Callable[[], list[str]]) -> None:
    invoice = draft()
    before = facts()
    assert update(invoice) == invoice
    assert facts() == before


def test_coupons_of_a_draft_are_exchanged() -> None:
    first, second = make_coupon(percent=Decimal(10)), make_coupon(percent=Decimal(50))
    invoice = draft(coupons=[first.code])
    assert invoice.total_minor == 900
    assert update(invoice, coupons=[second.code]).total_minor == 500
    assert update(invoice, coupons=[second.code], items=[item("20")]).total_minor == 1000
    held = CouponRedemption.objects.filter(reference=invoice.public_id).order_by("id")
    assert [(one.coupon_id, one.released_at is None) for one in held] == [(first.id, False), (second.id, True)]
    assert update(invoice, coupons=[]).total_minor == 2000


def test_a_refused_change_leaves_the_draft_as_it_was(facts: Callable[[], list[str]]) -> None:
    coupon = make_coupon(percent=Decimal(10))
    invoice = draft(coupons=[coupon.code])
    before = facts()
    with pytest.raises(internal.CouponUnknown):
        update(invoice, items=[item("1")], coupons=["NEVER"])
    after = row(invoice)
    assert (after.total_minor, after.lines.count(), facts()) == (900, 1, before)


def finalize(invoice: InvoiceView) -> InvoiceView:
    return services.finalize_invoice(invoice_id=invoice.id, actor=SYSTEM, now=AT)


def test_a_draft_is_finalized(facts: Callable[[], list[str]]) -> None:
    invoice = finalize(draft(collect=True, terms_days=14))
    assert (invoice.state, invoice.number, row(invoice).due_at) == ("open", "INV-202601-00001", AT.replace(day=29))
    assert facts()[-2:] == ["invoice.finalized", "payment.requested"]


def test_a_finalized_invoice_is_not_finalized_changed_or_deleted(facts: Callable[[], list[str]]) -> None:
    invoice = create()
    before = facts()
    with pytest.raises(InvoiceNotDraft):
        finalize(invoice)
    with pytest.raises(InvoiceNotDraft):
        update(invoice, notes="New")
    with pytest.raises(InvoiceNotDraft):
        delete(invoice)
    assert (facts(), row(invoice).notes) == (before, "")


def delete(invoice: InvoiceView) -> None:
    services.delete_invoice(invoice_id=invoice.id, actor=SYSTEM, now=AT)


def test_a_draft_is_thrown_away_and_its_coupon_given_back(facts: Callable[[], list[str]]) -> None:
    coupon = make_coupon(percent=Decimal(10), max_redemptions=1)
    delete(draft(coupons=[coupon.code]))
    assert not Invoice.objects.exists()
    assert facts()[-2:] == ["coupon.released", "invoice.draft_deleted"]
    assert create(coupons=[coupon.code]).total_minor == 900


def test_the_next_number_is_the_first_as_a_draft_never_had_one() -> None:
    delete(draft())
    assert create().number == "INV-202601-00001"


@pytest.fixture
def of_agreement() -> InvoiceView:
    """A draft of an agreement that waits for late usage."""
    services.change_billing_settings(changes={"grace_hours": 24}, actor=SYSTEM, now=AT)
    return issue(lines=[line(1000, kind="usage")], reference="sub_test", kind="subscription_cycle")


def test_what_an_agreement_bills_is_not_changed_by_hand(of_agreement: InvoiceView) -> None:
    with pytest.raises(services.InvoiceOfAgreement):
        update(of_agreement, items=[item()])
    with pytest.raises(services.InvoiceOfAgreement):
        delete(of_agreement)
    assert row(of_agreement).total_minor == 1000
    assert not PendingLine.objects.exists()


def test_notes_of_an_agreements_draft_may_be_changed(of_agreement: InvoiceView) -> None:
    update(of_agreement, notes="Thank you")
    assert (row(of_agreement).notes, row(of_agreement).state) == ("Thank you", "draft")


@pytest.mark.parametrize("verb", [services.finalize_invoice, services.delete_invoice])
def test_an_unknown_invoice_is_not_found(verb: Callable[..., Any]) -> None:
    with pytest.raises(errors.NotFound):
        verb(invoice_id=ids.new(), actor=SYSTEM, now=AT)
