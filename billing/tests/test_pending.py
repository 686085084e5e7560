"""Credits that an invoice cannot bear wait for the next one of their agreement, and none is lost or used twice."""

from collections.abc import Callable
from typing import Any

import pytest

from billing import internal, services
from billing.models import Invoice, PendingLine
from billing.selectors import InvoiceView
from billing.tests.factories import AT, issue, line, make_customer_id
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreed() -> dict[str, Any]:
    """A customer and his agreement."""
    return {"customer_id": make_customer_id(), "reference": "sub_changed"}


def waiting() -> list[int]:
    return list(PendingLine.objects.waiting().order_by("id").values_list("amount_minor", flat=True))


def lines_of(invoice: InvoiceView) -> list[int]:
    return list(Invoice.objects.get(pk=invoice.id).lines.order_by("position").values_list("amount_minor", flat=True))


def add(*amounts: int, key: str = "change-1", **agreed: Any) -> None:
    internal.add_pending([line(amount) for amount in amounts], currency="USD", key=key, now=AT, **agreed)


def test_what_waits_goes_onto_the_next_invoice_of_its_agreement(agreed: dict[str, Any]) -> None:
    add(-483, 1933, **agreed)
    other = issue(1000, customer_id=agreed["customer_id"], reference="sub_other")
    invoice = issue(1000, **agreed)
    assert lines_of(other) == [1000]
    assert lines_of(invoice) == [1000, -483, 1933]
    assert invoice.total_minor == 2450
    assert waiting() == []
    assert lines_of(issue(1000, **agreed)) == [1000]


def test_what_waits_under_one_key_waits_once(agreed: dict[str, Any]) -> None:
    add(-483, 1933, **agreed)
    add(-483, 1933, **agreed)
    assert waiting() == [-483, 1933]


def test_a_credit_is_used_up_over_several_invoices(agreed: dict[str, Any], facts: Callable[[], list[str]]) -> None:
    add(-2500, **agreed)
    assert lines_of(issue(1000, **agreed)) == [1000, -1000]
    assert facts()[-3:] == ["billing.credit_carried", "invoice.finalized", "invoice.paid"]
    assert lines_of(issue(1000, **agreed)) == [1000, -1000]
    last = issue(1000, **agreed)
    assert lines_of(last) == [1000, -500]
    assert (last.total_minor, last.due_minor) == (500, 500)
    assert waiting() == []


def test_a_credit_keeps_what_it_says_when_it_is_divided(agreed: dict[str, Any]) -> None:
    credit = line(-700, description="Unused time", kind="proration", tax_code="reduced")
    internal.add_pending([credit], currency="USD", key="change-1", now=AT, **agreed)
    issue(500, **agreed)
    rest = PendingLine.objects.waiting().get()
    assert (rest.content["description"], rest.content["tax_code"], rest.amount_minor) == (
        "Unused time",
        "reduced",
        -200,
    )


def test_the_credits_of_a_void_invoice_wait_again(agreed: dict[str, Any]) -> None:
    add(-300, **agreed)
    invoice = issue(1000, **agreed)
    services.void_invoice(invoice_id=invoice.id, reason="a mistake", actor=SYSTEM, now=AT)
    assert waiting() == [-300]


def test_voiding_gives_back_no_more_than_the_invoice_bore(agreed: dict[str, Any]) -> None:
    add(-2500, **agreed)
    # Nothing is due on it, so it is paid and stays; the second one bears the rest with something left to pay.
    issue(1000, **agreed)
    second = issue(2000, **agreed)
    assert second.due_minor == 500
    services.void_invoice(invoice_id=second.id, reason="a mistake", actor=SYSTEM, now=AT)
    assert waiting() == [-1500]


def test_without_an_agreement_there_is_no_next_invoice_to_wait_for(facts: Callable[[], list[str]]) -> None:
    customer_id = make_customer_id()
    before = facts()
    with pytest.raises(internal.InvoiceNegative):
        issue(100, -101, customer_id=customer_id, reference="")
    assert (Invoice.objects.count(), PendingLine.objects.count(), facts()) == (0, 0, before)
