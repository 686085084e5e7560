"""Below its threshold a wallet buys value by itself, one purchase at a time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from billing import internal, services
from billing.internal import top_up_if_low
from billing.models import Invoice, Wallet
from billing.tests.factories import AT, issue, make_customer_id, settle
from billing.tests.wallets.builders import at, debit, grant, top_up, wallet_of
from core.actor import SYSTEM
from payments.tests.factories import make_method

pytestmark = pytest.mark.django_db


def refilled(amount_minor: int = 1000, **known: Any) -> Wallet:
    """A wallet that buys 50.00 below 5.00."""
    wallet = grant(amount_minor, **known).wallet
    return configure(wallet)


def configure(wallet: Wallet, below: int | None = 500, amount: int | None = 5000) -> Wallet:
    return services.configure_auto_top_up(
        wallet_id=wallet.id, below_minor=below, amount_minor=amount, actor=SYSTEM, now=AT
    )


def bought(wallet: Wallet) -> list[tuple[str, int]]:
    rows = Invoice.objects.about(wallet.public_id).order_by("id")
    return list(rows.values_list("state", "total_minor"))


def test_a_debit_below_the_threshold_buys_value(run_jobs: Callable[[], int]) -> None:
    customer_id = make_customer_id()
    make_method(customer_id)
    wallet = refilled(1000, customer_id=customer_id)
    debit(wallet, 500)
    run_jobs()
    assert bought(wallet) == []
    debit(wallet, 1)
    run_jobs()
    assert bought(wallet) == [("paid", 5000)]
    assert wallet_of(customer_id).balance_minor == 5499


def test_an_invoice_below_the_threshold_buys_value(run_jobs: Callable[[], int]) -> None:
    customer_id = make_customer_id()
    make_method(customer_id)
    wallet = refilled(1000, customer_id=customer_id)
    issue(700, customer_id=customer_id)
    run_jobs()
    assert bought(wallet) == [("paid", 5000)]


def test_an_expiry_below_the_threshold_says_so(facts: Callable[[], list[str]]) -> None:
    lot = grant(1000, expires_at=at(20))
    configure(lot.wallet)
    assert "wallet.low" not in facts()
    internal.expire_lot(lot.id, actor=SYSTEM, now=at(20))
    assert facts()[-2:] == ["wallet.expired", "wallet.low"]


def test_one_purchase_waits_for_its_money_at_a_time() -> None:
    wallet = refilled(100)
    first = top_up_if_low(wallet.id, actor=SYSTEM, now=AT)
    assert first is not None
    assert top_up_if_low(wallet.id, actor=SYSTEM, now=AT) is None
    settle(first, 4999)
    assert top_up_if_low(wallet.id, actor=SYSTEM, now=AT) is None
    settle(first, 1)
    assert top_up_if_low(wallet.id, actor=SYSTEM, now=AT) is None
    debit(wallet, 5100)
    second = top_up_if_low(wallet.id, actor=SYSTEM, now=AT)
    assert second is not None
    assert second.id != first.id


def test_a_purchase_by_hand_counts_as_the_one_that_waits() -> None:
    wallet = refilled(100)
    top_up(wallet, 300)
    assert top_up_if_low(wallet.id, actor=SYSTEM, now=AT) is None
    assert bought(wallet) == [("open", 300)]


def test_a_failed_purchase_is_tried_again_with_a_new_method_only(run_jobs: Callable[[], int]) -> None:
    customer_id = make_customer_id()
    make_method(customer_id, "fails_later")
    wallet = refilled(1000, customer_id=customer_id)
    debit(wallet, 800)
    run_jobs()
    debit(wallet, 100)
    run_jobs()
    assert bought(wallet) == [("open", 5000)]
    assert Invoice.objects.get().last_failure_code
    make_method(customer_id, now=AT + timedelta(hours=1))
    run_jobs()
    assert bought(wallet) == [("paid", 5000)]
    assert wallet_of(customer_id).balance_minor == 5100


def test_a_wallet_that_is_low_when_it_is_configured_is_topped_up(run_jobs: Callable[[], int]) -> None:
    wallet = refilled(100)
    run_jobs()
    assert bought(wallet) == [("open", 5000)]


def test_switched_off_nothing_is_bought(facts: Callable[[], list[str]]) -> None:
    wallet = refilled(1000)
    configure(wallet, None, None)
    debit(wallet, 900)
    assert top_up_if_low(wallet.id, actor=SYSTEM, now=AT) is None
    assert "wallet.low" not in facts()
    assert facts().count("wallet.auto_top_up_configured") == 2


def test_the_same_rule_again_says_nothing(facts: Callable[[], list[str]]) -> None:
    wallet = refilled(1000)
    said = facts()
    configure(wallet)
    assert facts() == said


@pytest.mark.parametrize(
    ("below", "amount"), [(None, 5), (5, None), (-1, 5), (5, 0), (5, -1), (10**16, 5), (5, 10**16)]
)
def test_a_senseless_rule_is_refused(below: int | None, amount: int | None) -> None:
    wallet = grant(1).wallet
    with pytest.raises(services.AutoTopUpInvalid):
        configure(wallet, below, amount)
    assert wallet_of(wallet.customer_id).top_up_minor is None
