"""Using a metered feature: never beyond a hard limit, and nothing is used by a refusal."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.tests.factories import make_customer
from core import errors, ids
from core.actor import SYSTEM
from usage import selectors, services
from usage.allowances import Allowance
from usage.models import UsageCounter
from usage.services._use import crossed
from usage.tests.factories import ENDS, NOW, STARTS, grant

THREADS = 16


def use(customer: Any, delta: int = 1, **particulars: Any) -> Allowance:
    known: dict[str, Any] = {"customer_id": customer.id, "feature": "calls", "actor": SYSTEM, "now": NOW}
    return services.use_feature(delta=delta, **(known | particulars))


@pytest.mark.django_db
def test_a_use_is_counted_and_answered() -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    use(customer, 7)
    standing = use(customer)
    assert (standing.current_usage, standing.limit, standing.remaining, standing.overage) == (8, 50, 42, 0)
    assert (standing.period_starts_at, standing.reset_at) == (STARTS, ENDS)


@pytest.mark.django_db
def test_a_hard_limit_refuses_and_uses_nothing(facts: Callable[[], list[str]]) -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    use(customer, 30)
    before = facts()
    with pytest.raises(services.UsageLimitExceeded) as refused:
        use(customer, 21)
    assert refused.value.members == {
        "feature": "calls", "current_usage": 30, "limit": 50, "remaining": 20, "reset_at": "2026-02-01T00:00:00Z",
    }  # fmt: skip
    assert facts() == before
    assert use(customer, 20).remaining == 0


@pytest.mark.django_db
def test_a_first_use_beyond_the_limit_makes_no_counter() -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 0)
    with pytest.raises(services.UsageLimitExceeded):
        use(customer)
    assert UsageCounter.objects.count() == 0


@pytest.mark.django_db
def test_a_soft_limit_lets_pass_and_says_by_how_much() -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 5, limit_kind="soft")
    standing = use(customer, 8)
    assert (standing.current_usage, standing.remaining, standing.overage) == (8, 0, 3)


@pytest.mark.django_db
def test_without_a_limit_there_is_only_a_count() -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, None)
    standing = use(customer, 10**9)
    assert (standing.current_usage, standing.limit, standing.remaining) == (10**9, None, None)


@pytest.mark.django_db
def test_what_is_not_granted_cannot_be_used() -> None:
    customer = make_customer(now=NOW)
    with pytest.raises(services.FeatureNotGranted):
        use(customer)
    with pytest.raises(errors.NotFound):
        use(customer, customer_id=ids.new())


@pytest.mark.django_db
@pytest.mark.parametrize("terms", [{"kind": "boolean"}, {"kind": "static", "value": "gold"}])
def test_what_is_not_metered_cannot_be_used_up(terms: dict[str, str]) -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, None, **terms)
    with pytest.raises(services.FeatureNotMetered):
        use(customer)


@pytest.mark.django_db
def test_the_count_starts_anew_with_the_subscriptions_period() -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    use(customer, 50)
    grant(customer.id, 50, starts_at=ENDS, ends_at=ENDS + timedelta(days=28), now=ENDS)
    assert use(customer, now=ENDS).current_usage == 1


@pytest.mark.django_db
def test_a_late_renewal_neither_locks_out_nor_resets() -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    use(customer, 49)
    late = ENDS + timedelta(hours=3)
    assert use(customer, now=late).current_usage == 50
    with pytest.raises(services.UsageLimitExceeded):
        use(customer, now=late)


@pytest.mark.django_db
def test_a_calendar_month_is_the_customers_own() -> None:
    customer = make_customer(timezone="America/New_York", now=NOW)
    grant(customer.id, 50, reset="month")
    assert use(customer).reset_at == datetime(2026, 2, 1, 5, tzinfo=UTC)
    assert use(customer, now=datetime(2026, 2, 1, 4, 59, tzinfo=UTC)).current_usage == 2
    assert use(customer, now=datetime(2026, 2, 1, 5, tzinfo=UTC)).current_usage == 1


@pytest.mark.django_db
def test_of_two_sources_the_more_generous_counts() -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 5, source="sub_a")
    grant(customer.id, 50, source="sub_b")
    assert use(customer).limit == 50


@pytest.mark.django_db
def test_a_threshold_is_announced_once_per_period(facts: Callable[[], list[str]]) -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 10)
    said = [_said(facts, customer, delta) for delta in (7, 1, 1, 1)]
    assert said == [0, 1, 0, 1]
    grant(customer.id, 12, limit_kind="soft")
    assert _said(facts, customer, 5) == 0


def _said(facts: Callable[[], list[str]], customer: Any, delta: int) -> int:
    before = facts().count("usage.limit_reached")
    use(customer, delta)
    return facts().count("usage.limit_reached") - before


@pytest.mark.parametrize(
    ("before", "after", "limit", "percent"),
    [(0, 79, 100, None), (79, 80, 100, 80), (80, 99, 100, None), (99, 100, 100, 100), (0, 100, 100, 100),
     (100, 101, 100, None), (0, 5, 0, None), (0, 5, None, None), (2, 3, 3, 100)],
)  # fmt: skip
def test_a_threshold_is_crossed_by_the_use_that_reaches_it(
    before: int, after: int, limit: int | None, percent: int | None
) -> None:
    assert crossed(before, after, limit) == percent


@pytest.mark.django_db
def test_all_features_cost_the_same_three_questions(django_assert_num_queries: Any) -> None:
    customer = make_customer(now=NOW)
    for number in range(5):
        grant(customer.id, 5, source=f"sub_{number}", code=f"feature{number}")
    use(customer, 2, feature="feature3")
    with django_assert_num_queries(3):
        held = selectors.list_allowances(customer_id=customer.id, now=NOW)
    assert [one.current_usage for one in held] == [0, 0, 0, 2, 0]


def test_of_a_hundred_parallel_uses_exactly_fifty_succeed(committed: object, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        customer = make_customer(now=NOW)
        grant(customer.id, 50)

    def once(_: int) -> bool:
        try:
            with sandbox_scope(), transaction.atomic():
                use(customer)
        except services.UsageLimitExceeded:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(once, range(100)))
    with sandbox_scope(), transaction.atomic():
        assert outcomes.count(True) == UsageCounter.objects.get().used == 50
