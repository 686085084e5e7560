"""Granting and revoking: exactly what a source names, once, and one fact for each change."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.tests.factories import make_customer
from usage import internal
from usage.models import Entitlement
from usage.tests.factories import ENDS, NOW, STARTS, grant

pytestmark = pytest.mark.django_db


def held() -> dict[str, int | None]:
    return dict(Entitlement.objects.granted(at=NOW).values_list("code", "limit"))


def usage_facts(facts: Callable[[], list[str]]) -> list[str]:
    return [one for one in facts() if one.startswith("entitlements.")]


def test_a_grant_is_published_once(facts: Callable[[], list[str]]) -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    grant(customer.id, 50, now=NOW + timedelta(hours=1))
    assert held() == {"calls": 50}
    assert usage_facts(facts) == ["entitlements.granted"]


def test_a_renewal_moves_the_period_and_keeps_the_row(facts: Callable[[], list[str]]) -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    before = Entitlement.objects.get()
    grant(customer.id, 50, starts_at=ENDS, ends_at=ENDS + timedelta(days=28))
    after = Entitlement.objects.get()
    assert (after.pk, after.granted_at, after.period_starts_at) == (before.pk, NOW, ENDS)
    assert usage_facts(facts) == ["entitlements.granted"] * 2


def test_what_a_source_no_longer_names_is_revoked() -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    grant(customer.id, 5, code="seats")
    assert held() == {"seats": 5}


def test_a_revoked_source_grants_nothing_until_it_grants_again(facts: Callable[[], list[str]]) -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50)
    internal.revoke_entitlements(source="sub_test", now=NOW)
    internal.revoke_entitlements(source="sub_test", now=NOW)
    assert held() == {}
    grant(customer.id, 50)
    assert held() == {"calls": 50}
    assert usage_facts(facts) == ["entitlements.granted", "entitlements.revoked", "entitlements.granted"]


def test_one_source_does_not_touch_another() -> None:
    customer = make_customer(now=NOW)
    grant(customer.id, 50, source="sub_a")
    grant(customer.id, 5, source="sub_b", code="seats")
    internal.revoke_entitlements(source="sub_a", now=NOW)
    assert held() == {"seats": 5}


def test_a_plan_without_features_grants_nothing(facts: Callable[[], list[str]]) -> None:
    customer = make_customer(now=NOW)
    internal.grant_entitlements(
        customer_id=customer.id, source="sub_test", features=[], starts_at=STARTS, ends_at=ENDS, now=NOW
    )
    assert (held(), usage_facts(facts)) == ({}, [])


def test_a_limit_counts_whole_units() -> None:
    feature = internal.FeatureGrant(code="calls", name="Calls", kind="metered", limit=Decimal("2.5"))
    internal.grant_entitlements(
        customer_id=make_customer(now=NOW).id, source="sub_test", features=[feature], starts_at=STARTS, ends_at=ENDS,
        now=NOW,
    )  # fmt: skip
    assert held() == {"calls": 2}
