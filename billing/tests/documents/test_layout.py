"""What the template is given: every text in its place, none of it able to do harm."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.documents.content import Kind, Paid, Party, Settlement, Tax, TaxId
from billing.documents.layout import laid_out
from billing.tests.documents.contents import content, line


def sums(**known: object) -> list[tuple[str, str]]:
    """The labels and amounts under the table."""
    texts = laid_out(content(**known))
    return [(label, amount) for label, amount, _ in texts["sums"]] + ([tuple(texts["due"])] if texts["due"] else [])


def test_an_invoice_adds_up_from_the_subtotal_to_what_is_due() -> None:
    assert sums() == [
        ("Subtotal", "€180.00"), ("Discount: WELCOME10", "-€18.00"), ("Tax", "€30.78"), ("Total", "€192.78"),
        ("Credit applied", "-€10.00"), ("Wallet credit applied", "-€2.78"), ("Amount due", "€180.00"),
    ]  # fmt: skip


def test_included_taxes_are_told_after_the_total() -> None:
    shown = sums(taxes_included=True, discounts=(), settlement=Settlement(due_minor=19278))
    assert [label for label, _ in shown] == ["Subtotal", "Total", "of which Tax", "Amount due"]


def test_an_invoice_of_nothing_says_that_nothing_is_due() -> None:
    shown = sums(total_minor=0, tax_minor=0, discounts=(), settlement=Settlement(due_minor=0))
    assert shown[-1] == ("Amount due", "€0.00")


def test_a_receipt_names_each_payment_and_their_sum() -> None:
    paid = (Paid(on=date(2026, 1, 16), amount_minor=10000), Paid(on=date(2026, 1, 20), amount_minor=9278))
    shown = sums(kind=Kind.RECEIPT, settlement=Settlement(payments=paid))
    assert shown[-3:] == [
        ("Paid on 16 Jan 2026", "-€100.00"), ("Paid on 20 Jan 2026", "-€92.78"), ("Amount paid", "€192.78"),
    ]  # fmt: skip


def test_a_credit_note_tells_where_its_total_went() -> None:
    went = Settlement(off_due_minor=100, refund_minor=200, to_wallet_minor=300, elsewhere_minor=400)
    texts = laid_out(content(kind=Kind.CREDIT_NOTE, settlement=went, reason="order_change", invoice_number="INV-7"))
    assert [label for label, _, _ in texts["sums"]][-4:] == [
        "Taken off the amount due", "Refunded", "Added to the wallet", "Settled otherwise",
    ]  # fmt: skip
    assert texts["due"] is None
    assert ["Invoice", "INV-7"] in texts["facts"]
    assert ["Reason", "Order changed"] in texts["facts"]


def test_a_line_without_quantity_price_and_tax_leaves_their_cells_empty() -> None:
    (row,) = laid_out(content(lines=(line(quantity=None, unit_amount=None, rates=(), period_from=None),)))["rows"]
    assert (row["quantity"], row["unit_price"], row["tax"], row["period"]) == ("", "", "", "")
    assert row["amount"] == "€180.00"


def test_the_tax_table_has_a_row_per_rate_and_notes_reverse_charge() -> None:
    taxes = (
        Tax(name="VAT", percentage=Decimal(19), base_minor=10000, tax_minor=1900),
        Tax(name="VAT", percentage=Decimal(20), base_minor=5000, tax_minor=0, is_reverse_charge=True),
    )
    texts = laid_out(content(taxes=taxes))
    assert texts["taxes"]["rows"] == [["VAT", "19%", "€100.00", "€19.00"], ["VAT", "20%", "€50.00", "€0.00"]]
    assert texts["remark"].startswith("Reverse charge")
    assert laid_out(content())["remark"] == ""
    assert laid_out(content(taxes=()))["taxes"] is None


def test_tax_ids_are_named_for_what_they_are() -> None:
    ids = (TaxId(type="eu_vat", value="DE1"), TaxId(type="us_ein", value="12-3456789"))
    assert laid_out(content(customer=Party(name="Bob", tax_ids=ids)))["customer"]["lines"] == [
        "VAT ID DE1", "Tax ID 12-3456789",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("locale", "paper"), [("en-US", "us-letter"), ("en-GB", "a4"), ("fr-CA", "us-letter"), ("de", "a4")]
)
def test_the_paper_is_the_one_people_there_have(locale: str, paper: str) -> None:
    assert laid_out(content(locale=locale))["paper"] == paper


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "pay.example.com", " ", "HTTPS:x"])
def test_only_web_addresses_become_links(url: str) -> None:
    assert laid_out(content(payment_url=url))["pay"]["url"] == ""


def test_a_web_address_stays_as_it_is() -> None:
    url = "https://pay.example.com/" + "a" * 100
    assert laid_out(content(payment_url=url))["pay"]["url"] == url


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x7f", "\u0085", "\ud800", "\ufffe"])
def test_what_no_font_can_show_is_a_space(bad: str) -> None:
    assert laid_out(content(customer=Party(name=f"Ada{bad}B")))["customer"]["name"] == "Ada B"


@pytest.mark.parametrize("turn", ["\u202e", "\u202a", "\u2066", "\u2069"])
def test_nobody_turns_the_direction_of_our_text(turn: str) -> None:
    assert laid_out(content(customer=Party(name=f"Ada{turn}B")))["customer"]["name"] == "AdaB"


def test_a_text_of_the_other_direction_is_kept_together() -> None:
    hebrew = Party(name="עדה בע״מ 12")
    assert laid_out(content(customer=hebrew))["customer"]["name"] == "\u2068עדה בע״מ 12\u2069"
    assert laid_out(content(customer=hebrew, locale="he"))["customer"]["name"] == "עדה בע״מ 12"
    assert laid_out(content(locale="he"))["customer"]["name"] == "\u2068Ada Example Ltd\u2069"


def test_a_word_too_long_for_any_column_may_break() -> None:
    (row,) = laid_out(content(lines=(replace(line(), description="x" * 60),)))["rows"]
    assert row["description"].replace("\u200b", "") == "x" * 60
    assert max(map(len, row["description"].split("\u200b"))) == 24
