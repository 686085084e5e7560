"""The console has a page on which an invoice tells how it came about."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from billing.tests.coupons import make_tax_rate
from billing.tests.factories import issue, make_customer_id
from billing.tests.wallets.builders import grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def looker() -> Client:
    """The browser of an operator who may see invoices and do nothing."""
    user: Any = get_user_model().objects.create(email="looker@perennial.example", is_staff=True, is_active=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_invoice"))
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, invoice_id: object) -> str:
    response = client.get(f"/admin/billing/invoice/{invoice_id}/explain/")
    assert response.status_code == 200
    return str(response.content.decode())


def test_an_invoice_is_told_in_words_and_figures(looker: Client) -> None:
    customer_id = make_customer_id(country="DE", name="<b>Ada</b>")
    make_tax_rate(code="vat", name="VAT", country="DE")
    grant(300, customer_id=customer_id, description="a <i>welcome</i>")
    invoice = issue(1000, customer_id=customer_id)
    shown = page(looker, invoice.id)
    for text in (
        "You were charged 10.00 USD for Team plan.", "VAT 20 % on 10.00 USD", "9.00 USD is due", "identical",
        "given as a &lt;i&gt;welcome&lt;/i&gt;",
    ):  # fmt: skip
        assert text in shown


def test_the_invoices_page_links_to_it(looker: Client) -> None:
    invoice = issue(1000)
    shown = looker.get(f"/admin/billing/invoice/{invoice.id}/change/").content.decode()
    assert f"/admin/billing/invoice/{invoice.id}/explain/" in shown


def test_a_difference_is_shown(looker: Client, owner_sql: Callable[..., Any]) -> None:
    invoice = issue(1000)
    owner_sql(
        "UPDATE billing_invoice SET subtotal_minor = 1, total_minor = 1, due_minor = 1 WHERE id = %s", [invoice.id],
        off=["billing_invoice"],
    )  # fmt: skip
    shown = page(looker, invoice.id)
    assert "different" in shown
    assert "subtotal_minor" in shown


def test_the_page_holds_no_inline_script_or_style(looker: Client) -> None:
    shown = page(looker, issue(1000).id)
    content = shown[shown.index("came about</h2>") : shown.index("Computed again")]
    assert "<script" not in content
    assert "style=" not in content
