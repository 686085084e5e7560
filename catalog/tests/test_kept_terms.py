"""Terms of published versions are read once, and never go stale."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from catalog import services
from catalog.models import Plan, Price
from catalog.selectors import get_current_terms, get_terms
from catalog.tests.factories import make_plan, monthly
from core import clock, tenancy
from core.actor import SYSTEM
from core.errors import NotFound
from core.tenancy import Scope

pytestmark = pytest.mark.django_db


def test_terms_are_read_once(django_assert_num_queries: Any) -> None:
    plan = make_plan()
    first = get_current_terms(plan.pk)
    with django_assert_num_queries(1):
        assert get_current_terms(plan.pk) is first
    with django_assert_num_queries(1):
        assert get_terms(first.version_id) is first


def test_a_plan_that_changes_is_read_again() -> None:
    plan = make_plan(name="Before")
    before = get_current_terms(plan.pk)
    Plan.objects.filter(pk=plan.pk).update(name="After", trial_days=3)
    after = get_current_terms(plan.pk)
    assert (before.name, after.name, after.trial_days) == ("Before", "After", 3)
    assert {price.plan_name for price in after.prices} == {"After"}
    services.archive_plan(plan_id=plan.pk, actor=SYSTEM, now=clock.now())
    assert get_current_terms(plan.pk).archived_at is not None


def test_a_newer_version_is_seen_at_once() -> None:
    plan, actor = make_plan(), {"actor": SYSTEM, "now": clock.now()}
    before = get_current_terms(plan.pk)
    draft = services.revise_plan(plan_id=plan.pk, prices=(monthly("33"),), **actor)
    assert get_current_terms(plan.pk) is before
    services.publish_version(version_id=draft.pk, **actor)
    assert get_current_terms(plan.pk).version_id == draft.pk
    assert get_terms(before.version_id) == before


def test_a_draft_is_never_kept() -> None:
    plan = make_plan()
    draft = services.revise_plan(plan_id=plan.pk, prices=(monthly("33"),), actor=SYSTEM, now=clock.now())
    assert [price.unit_amount for price in get_terms(draft.pk).prices] == [Decimal(33)]
    Price.objects.filter(version=draft).update(unit_amount=Decimal(44))
    assert [price.unit_amount for price in get_terms(draft.pk).prices] == [Decimal(44)]


def test_what_was_published_and_rolled_back_is_forgotten() -> None:
    """The version comes back with the same id, and at the same frozen instant, but with another price."""
    actor: dict[str, Any] = {"actor": SYSTEM, "now": clock.now()}
    draft = services.revise_plan(plan_id=make_plan().pk, prices=(monthly("33"),), **actor)
    with transaction.atomic():
        services.publish_version(version_id=draft.pk, **actor)
        assert get_terms(draft.pk).prices[0].unit_amount == Decimal(33)
        transaction.set_rollback(True)
    Price.objects.filter(version=draft).update(unit_amount=Decimal(44))
    services.publish_version(version_id=draft.pk, **actor)
    assert get_terms(draft.pk).prices[0].unit_amount == Decimal(44)


def test_another_environments_terms_are_not_there(live_environment: Scope) -> None:
    terms = get_current_terms(make_plan().pk)
    with tenancy.scope(live_environment):
        for look in (lambda: get_terms(terms.version_id), lambda: get_current_terms(terms.plan_id)):
            with pytest.raises(NotFound):
                look()
