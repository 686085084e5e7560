"""The console shows wallets with their lots and movements, and its buttons call the verbs."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from billing.models import Invoice, Journal, Wallet, WalletLot, WalletTransaction
from billing.tests.factories import AT, issue, make_customer_id
from billing.tests.wallets.builders import debit, grant, left, wallet_of
from core import ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, path: str) -> str:
    response = client.get(f"/admin/billing/{path}")
    assert response.status_code == 200
    return response.content.decode()


def press(client: Client, wallet: Wallet, verb: str, **form: Any) -> str:
    sent = {"reason": "the customer asked", "key": "form-1"} | form
    response = client.post(f"/admin/billing/wallet/{wallet.id}/{verb}/", sent, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_a_wallet_is_shown_with_what_its_lots_have_left(operator: Client) -> None:
    customer_id = make_customer_id()
    grant(2500, customer_id=customer_id, description="Welcome")
    wallet = grant(700, customer_id=customer_id, source="overpayment").wallet
    debit(wallet, 500)
    assert wallet.public_id in page(operator, "wallet/?currency=USD")
    shown = page(operator, f"wallet/{wallet.id}/change/")
    for text in ("27.00 USD", "20.00 USD", "25.00 USD", "7.00 USD", "Welcome", "promotion"):
        assert text in shown


def test_a_movement_is_shown_with_the_lots_it_moved(operator: Client) -> None:
    customer_id = make_customer_id()
    lot = grant(2500, customer_id=customer_id)
    issue(1000, customer_id=customer_id)
    row = WalletTransaction.objects.get(kind="burn")
    assert "promotion -10.00 USD" in page(operator, f"wallettransaction/?q={lot.wallet.public_id}")
    shown = page(operator, f"wallettransaction/{row.id}/change/")
    for text in (lot.public_id, "-10.00 USD", "15.00 USD"):
        assert text in shown


def test_a_form_asks_for_the_amount_and_the_reason(operator: Client) -> None:
    wallet = grant(100).wallet
    asked = page(operator, f"wallet/{wallet.id}/debit/")
    for name in ('name="amount"', 'name="reason"', 'name="key"'):
        assert name in asked


def test_a_promotion_is_granted_once_however_often_its_form_is_sent(operator: Client) -> None:
    wallet = grant(100).wallet
    form = {"amount": "25.50", "priority": "10", "expires_at": "2099-01-31 00:00"}
    assert "25.50 USD are in the wallet." in press(operator, wallet, "grant", **form)
    press(operator, wallet, "grant", **form)
    lot = WalletLot.objects.exclude(amount_minor=100).get()
    assert (lot.amount_minor, lot.priority, lot.description) == (2550, 10, "the customer asked")
    assert lot.expires_at is not None


def test_a_debit_and_its_reversal(operator: Client) -> None:
    customer_id = make_customer_id()
    wallet = grant(1000, customer_id=customer_id).wallet
    press(operator, wallet, "debit", amount="4")
    assert left(customer_id) == [600]
    row = WalletTransaction.objects.get(kind="burn")
    response = operator.post(f"/admin/billing/wallettransaction/{row.id}/reverse/", {"reason": "Mistake"}, follow=True)
    assert "4.00 USD are back in the wallet." in response.content.decode()
    assert left(customer_id) == [1000]


@pytest.mark.parametrize(("amount", "said"), [("4.005", "fewer places"), ("10.01", "cannot pay"), ("0", "above zero")])
def test_a_debit_without_sense_is_refused(operator: Client, amount: str, said: str) -> None:
    customer_id = make_customer_id()
    wallet = grant(1000, customer_id=customer_id).wallet
    assert said in press(operator, wallet, "debit", amount=amount)
    assert left(customer_id) == [1000]


def test_a_form_without_amount_is_asked_again(operator: Client) -> None:
    wallet = grant(1000).wallet
    assert 'name="amount"' in press(operator, wallet, "debit")
    assert 'name="amount"' in press(operator, wallet, "debit", amount="-1")
    assert wallet_of(wallet.customer_id).balance_minor == 1000


def test_a_top_up_and_its_rule(operator: Client, facts: Callable[[], list[str]]) -> None:
    wallet = grant(1000).wallet
    press(operator, wallet, "top_up", amount="50")
    assert Invoice.objects.get().total_minor == 5000
    press(operator, wallet, "configure_refill", below="5", amount="50")
    wallet.refresh_from_db()
    assert (wallet.top_up_below_minor, wallet.top_up_minor) == (500, 5000)
    assert "50.00 USD below 5.00 USD" in page(operator, f"wallet/{wallet.id}/change/")
    press(operator, wallet, "configure_refill", below="", amount="")
    wallet.refresh_from_db()
    assert wallet.top_up_minor is None
    assert facts().count("wallet.auto_top_up_configured") == 2


def test_the_accounts_are_a_trial_balance_and_the_first_page_shows_ages(operator: Client) -> None:
    issue(1000)
    grant(250)
    shown = page(operator, "account/?currency=USD")
    for text in ("10.00 USD", "-10.00 USD", "2.50 USD", "promotions"):
        assert text in shown
    listed = page(operator, "journal/?postings__account__code=promotions")
    sale, given = (Journal.objects.get(kind=kind).reference for kind in ("invoice", "promotion"))
    assert given in listed
    assert sale not in listed
    first = operator.get("/admin/").content.decode()
    for text in ("Receivables by age, USD", "over 90 days", "Currencies whose books do not balance"):
        assert text in first


def test_a_statement_is_shown_to_whoever_may_see_the_wallet(
    operator: Client, freeze: Callable[[datetime], None]
) -> None:
    freeze(AT)
    customer_id = make_customer_id()
    wallet = grant(400, customer_id=customer_id).wallet
    invoice = issue(1000, customer_id=customer_id)
    assert f"wallet/{wallet.id}/statement/" in page(operator, f"wallet/{wallet.id}/change/")
    shown = page(operator, f"wallet/{wallet.id}/statement/")
    for text in (str(invoice.number), "stored value", "10.00 USD", "-4.00 USD", "6.00 USD", "opening balance"):
        assert text in shown
    assert operator.get(f"/admin/billing/wallet/{ids.new()}/statement/").status_code == 404
    nobody = Client()
    nobody.force_login(get_user_model().objects.create(email="nobody@example.com", is_staff=True, is_active=True))
    assert nobody.get(f"/admin/billing/wallet/{wallet.id}/statement/").status_code == 403
