"""Changing plans: details in place, terms in a new version."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from catalog import services
from catalog.models import PlanVersion
from catalog.selectors import get_current_terms, get_terms
from catalog.tests.factories import make_plan, monthly, seats
from core import errors, ids
from core.actor import Actor

pytestmark = pytest.mark.django_db
Facts = Callable[[], list[str]]


def test_a_revision_is_a_draft_with_the_terms_of_before(actor: Actor, now: datetime) -> None:
    plan = make_plan(monthly("20"), seats(), features=[services.NewFeature(code="sso", name="SSO")])
    draft = services.revise_plan(plan_id=plan.pk, actor=actor, now=now)
    before, after = get_current_terms(plan.pk), get_terms(draft.pk)
    assert (before.version_number, after.version_number) == (1, 2)
    assert [(one.name, one.unit_amount) for one in after.prices] == [
        (one.name, one.unit_amount) for one in before.prices
    ]
    assert after.features == before.features


def test_what_is_on_offer_changes_at_publication(actor: Actor, now: datetime, facts: Facts) -> None:
    plan = make_plan(monthly("20"))
    draft = services.revise_plan(plan_id=plan.pk, prices=[monthly("25")], actor=actor, now=now)
    assert get_current_terms(plan.pk).prices[0].unit_amount == Decimal(20)
    services.publish_version(version_id=draft.pk, actor=actor, now=now)
    assert get_current_terms(plan.pk).prices[0].unit_amount == Decimal(25)
    assert facts()[-2:] == ["plan.revised", "plan.version_published"]


def test_a_plan_has_one_draft(actor: Actor, now: datetime) -> None:
    plan = make_plan()
    first = services.revise_plan(plan_id=plan.pk, prices=[monthly("25")], actor=actor, now=now)
    second = services.revise_plan(plan_id=plan.pk, prices=[monthly("30")], actor=actor, now=now)
    assert first.pk == second.pk
    assert second.prices.get().unit_amount == Decimal(30)


def test_details_change_without_a_version(actor: Actor, now: datetime, facts: Facts) -> None:
    plan = make_plan(name="Basic")
    services.update_plan(plan_id=plan.pk, details={"name": "Starter", "trial_days": 0}, actor=actor, now=now)
    plan.refresh_from_db()
    assert (plan.name, PlanVersion.objects.count(), facts()[-1]) == ("Starter", 1, "plan.updated")


def test_saying_the_same_again_is_no_change(actor: Actor, now: datetime, facts: Facts) -> None:
    plan = make_plan(name="Basic")
    before = facts()
    services.update_plan(plan_id=plan.pk, details={"name": "Basic"}, actor=actor, now=now)
    assert facts() == before


def test_a_published_version_is_not_published_again(actor: Actor, now: datetime) -> None:
    version = make_plan().versions.get()
    with pytest.raises(services.VersionPublished):
        services.publish_version(version_id=version.pk, actor=actor, now=now)


def test_mixed_cycles_stay_a_draft(actor: Actor, now: datetime) -> None:
    plan = make_plan(publish=False)
    draft = services.revise_plan(plan_id=plan.pk, prices=[monthly(), monthly(interval_count=3)], actor=actor, now=now)
    with pytest.raises(services.MixedCycles):
        services.publish_version(version_id=draft.pk, actor=actor, now=now)
    draft.refresh_from_db()
    assert draft.published_at is None


def test_there_must_be_something_to_publish(actor: Actor, now: datetime) -> None:
    with pytest.raises(services.NothingToPublish):
        services.update_plan(plan_id=make_plan().pk, details={}, publish=True, actor=actor, now=now)


def test_an_archived_plan_is_left_alone(actor: Actor, now: datetime, facts: Facts) -> None:
    plan = make_plan()
    services.archive_plan(plan_id=plan.pk, actor=actor, now=now)
    before = facts()
    with pytest.raises(services.PlanArchived):
        services.revise_plan(plan_id=plan.pk, actor=actor, now=now)
    with pytest.raises(services.PlanArchived):
        services.archive_plan(plan_id=plan.pk, actor=actor, now=now)
    assert (facts(), before[-1]) == (before, "plan.archived")


def test_unknown_plans_and_versions_are_not_found(actor: Actor, now: datetime) -> None:
    with pytest.raises(errors.NotFound):
        services.revise_plan(plan_id=ids.new(), actor=actor, now=now)
    with pytest.raises(errors.NotFound):
        services.publish_version(version_id=ids.new(), actor=actor, now=now)
    with pytest.raises(errors.NotFound):
        get_terms(ids.new())
