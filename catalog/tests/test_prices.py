"""Single prices of a plan's draft."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from catalog import services
from catalog.models import PlanVersion, Price
from catalog.pricing import InvalidPrice
from catalog.selectors import get_current_terms
from catalog.tests.factories import make_addon, make_plan, monthly, seats, tiers
from core import errors, ids
from core.actor import Actor

pytestmark = pytest.mark.django_db
Facts = Callable[[], list[str]]


def test_a_price_is_added_to_a_new_draft(actor: Actor, now: datetime, facts: Facts) -> None:
    plan = make_plan(monthly("20"))
    price = services.create_price(plan_id=plan.pk, price=seats("7.5"), actor=actor, now=now)
    draft = plan.versions.get(published_at=None)
    assert (price.version_id, [one.name for one in draft.prices.all()]) == (draft.pk, ["Base fee", "Seats"])
    assert [one.name for one in get_current_terms(plan.pk).prices] == ["Base fee"]
    assert facts()[-1] == "plan.revised"


def test_a_second_price_joins_the_same_draft(actor: Actor, now: datetime) -> None:
    plan = make_plan(publish=False)
    for name in ("Support", "Storage"):
        services.create_price(plan_id=plan.pk, price=monthly(name=name), actor=actor, now=now)
    assert [one.name for one in plan.versions.get().prices.all()] == ["Base fee", "Support", "Storage"]


def test_a_draft_s_price_changes_its_model(actor: Actor, now: datetime, facts: Facts) -> None:
    price = make_plan(monthly("20"), publish=False).versions.get().prices.get()
    changes = {"model": "volume", "unit_amount": None, "tiers": tiers(("10", "5", "0"), (None, "4", "0"))}
    services.update_price(price_id=price.pk, changes=changes, actor=actor, now=now)
    price.refresh_from_db()
    assert (price.name, price.model, price.unit_amount) == ("Base fee", "volume", None)
    assert price.tiers[0] == {"up_to": "10", "unit_amount": "5", "flat_amount": "0"}
    assert facts() == ["plan.created", "plan.revised"]


def test_saying_the_same_again_is_no_change(actor: Actor, now: datetime, facts: Facts) -> None:
    price = make_plan(monthly("20"), publish=False).versions.get().prices.get()
    services.update_price(price_id=price.pk, changes={"unit_amount": Decimal("20.0")}, actor=actor, now=now)
    assert facts() == ["plan.created"]


def test_a_change_that_makes_no_sense_is_refused(actor: Actor, now: datetime, facts: Facts) -> None:
    price = make_plan(monthly("20"), publish=False).versions.get().prices.get()
    with pytest.raises(InvalidPrice) as refused:
        services.update_price(price_id=price.pk, changes={"model": "package"}, actor=actor, now=now)
    with pytest.raises(services.UnknownMeter):
        changes = {"kind": "usage", "billed": "arrears", "meter_id": ids.new()}
        services.update_price(price_id=price.pk, changes=changes, actor=actor, now=now)
    price.refresh_from_db()
    assert refused.value.members == {"field": "package_size"}
    assert (price.model, price.kind, facts()) == ("flat", "fixed", ["plan.created"])


def test_a_draft_s_price_is_taken_out(actor: Actor, now: datetime, facts: Facts) -> None:
    version = make_plan(monthly("20"), seats(), publish=False).versions.get()
    services.delete_price(price_id=version.prices.get(name="Seats").pk, actor=actor, now=now)
    assert [one.name for one in version.prices.all()] == ["Base fee"]
    assert facts() == ["plan.created", "plan.revised"]


def test_a_published_price_is_frozen(actor: Actor, now: datetime, facts: Facts) -> None:
    published = make_plan(monthly("20")).versions.get().prices.get()
    sold_beside = make_addon(monthly("5")).prices.get()
    before = facts()
    for price in (published, sold_beside):
        with pytest.raises(services.PricePublished):
            services.update_price(price_id=price.pk, changes={"unit_amount": Decimal(1)}, actor=actor, now=now)
        with pytest.raises(services.PricePublished):
            services.delete_price(price_id=price.pk, actor=actor, now=now)
    assert set(Price.objects.values_list("unit_amount", flat=True)) == {5, 20}
    assert facts() == before


def test_an_archived_plan_s_draft_is_left_alone(actor: Actor, now: datetime, facts: Facts) -> None:
    plan = make_plan(publish=False)
    price = plan.versions.get().prices.get()
    services.archive_plan(plan_id=plan.pk, actor=actor, now=now)
    before = facts()
    with pytest.raises(services.PlanArchived):
        services.create_price(plan_id=plan.pk, price=seats(), actor=actor, now=now)
    with pytest.raises(services.PlanArchived):
        services.update_price(price_id=price.pk, changes={"name": "Other"}, actor=actor, now=now)
    with pytest.raises(services.PlanArchived):
        services.delete_price(price_id=price.pk, actor=actor, now=now)
    assert ([one.name for one in Price.objects.all()], facts()) == (["Base fee"], before)


def test_a_price_that_is_refused_begins_no_draft(actor: Actor, now: datetime, facts: Facts) -> None:
    plan = make_plan()
    before = facts()
    with pytest.raises(InvalidPrice):
        services.create_price(plan_id=plan.pk, price=seats("-1"), actor=actor, now=now)
    assert (PlanVersion.objects.count(), facts()) == (1, before)


def test_unknown_plans_and_prices_are_not_found(actor: Actor, now: datetime) -> None:
    with pytest.raises(errors.NotFound):
        services.create_price(plan_id=ids.new(), price=seats(), actor=actor, now=now)
    with pytest.raises(errors.NotFound):
        services.update_price(price_id=ids.new(), changes={}, actor=actor, now=now)
    with pytest.raises(errors.NotFound):
        services.delete_price(price_id=ids.new(), actor=actor, now=now)
