"""Value that is not used in time is gone, and booked."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from billing import internal
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, make_customer_id
from billing.tests.wallets.builders import at, debit, funded, grant, left, transactions, wallet_of
from core import ids
from core.actor import SYSTEM, Actor
from jobs import services as jobs

pytestmark = pytest.mark.django_db

ENDS = at(20)


def test_what_a_promotion_has_left_at_its_end_goes_back_to_promotions(facts: Callable[[], list[str]]) -> None:
    customer_id = make_customer_id()
    lot = grant(100, customer_id=customer_id, expires_at=ENDS)
    debit(lot.wallet, 40)
    row = internal.expire_lot(lot.id, actor=SYSTEM, now=ENDS)
    assert row is not None
    assert (row.kind, row.amount_minor, row.balance_minor, funded(row)) == ("expiry", -60, 0, {lot.id: -60})
    assert left(customer_id) == [0]
    assert balances() == {"promotions": 40, "revenue": -40}
    assert facts()[-1] == "wallet.expired"
    check_journals()


def test_what_a_customer_paid_for_is_earned_when_it_expires() -> None:
    customer_id = make_customer_id()
    lot = grant(100, customer_id=customer_id, source="top_up", expires_at=ENDS)
    internal.expire_lot(lot.id, actor=SYSTEM, now=ENDS)
    assert balances() == {"revenue": -100, "wallet_liability": 100}  # what the top-up's invoice had credited


@pytest.mark.parametrize("now", [ENDS - timedelta(microseconds=1), AT])
def test_a_lot_does_not_expire_before_its_end(now: datetime) -> None:
    customer_id = make_customer_id()
    lot = grant(100, customer_id=customer_id, expires_at=ENDS)
    assert internal.expire_lot(lot.id, actor=SYSTEM, now=now) is None
    assert left(customer_id) == [100]


def test_a_lot_without_end_or_value_or_row_does_not_expire() -> None:
    customer_id = make_customer_id()
    endless = grant(100, customer_id=customer_id)
    ending = grant(50, customer_id=customer_id, expires_at=ENDS)
    assert internal.expire_lot(endless.id, actor=SYSTEM, now=ENDS) is None
    assert internal.expire_lot(ids.new(), actor=SYSTEM, now=ENDS) is None
    assert internal.expire_lot(ending.id, actor=SYSTEM, now=ENDS) is not None
    assert internal.expire_lot(ending.id, actor=SYSTEM, now=ENDS) is None
    assert left(customer_id) == [100, 0]


def test_time_travel_expires_every_lot_at_its_end(
    freeze: Callable[[datetime], None], run_jobs: Callable[[], int], actor: Actor
) -> None:
    freeze(AT)
    customer_id = make_customer_id()
    for days in (3, 5, 9):
        grant(100, customer_id=customer_id, expires_at=AT + timedelta(days=days))
    jobs.advance_clock(to=AT + timedelta(days=5), actor=actor, now=AT)
    run_jobs()
    assert left(customer_id) == [0, 0, 100]
    assert transactions(customer_id)[3:] == [("expiry", -100, 200), ("expiry", -100, 100)]
    expired = (
        wallet_of(customer_id).transactions.filter(kind="expiry").order_by("id").values_list("created_at", flat=True)
    )
    assert list(expired) == [AT + timedelta(days=3), AT + timedelta(days=5)]
