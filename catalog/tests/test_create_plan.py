"""Creating plans."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from catalog import services
from catalog.models import Plan, PlanVersion
from catalog.pricing import InvalidPrice
from catalog.selectors import get_current_terms
from catalog.tests.factories import make_plan, monthly, seats
from core import ids
from core.actor import Actor
from core.money import UnknownCurrency

pytestmark = pytest.mark.django_db
Facts = Callable[[], list[str]]


def test_a_new_plan_has_a_published_first_version(actor: Actor, now: datetime, facts: Facts) -> None:
    plan = make_plan(monthly("20.00"), seats("7.50"), actor=actor, now=now, trial_days=14)
    terms = get_current_terms(plan.id)
    assert (terms.version_number, terms.trial_days, terms.family) == (1, 14, "default")
    assert [price.amount(Decimal(3)).minor for price in terms.prices] == [2000, 2250]
    assert terms.cycle("USD") == ("month", 1)
    assert facts() == ["plan.created", "plan.version_published"]


def test_a_plan_can_wait_as_a_draft(actor: Actor, now: datetime, facts: Facts) -> None:
    plan = make_plan(publish=False, actor=actor, now=now)
    assert plan.versions.get().published_at is None
    assert facts() == ["plan.created"]


def test_a_code_belongs_to_one_plan(facts: Facts) -> None:
    make_plan(code="pro")
    before = facts()
    with pytest.raises(services.PlanCodeTaken):
        make_plan(code="pro")
    assert (Plan.objects.count(), facts()) == (1, before)


def test_prices_of_one_currency_share_their_cycle() -> None:
    with pytest.raises(services.MixedCycles) as refused:
        make_plan(monthly(), monthly("200", interval="year"))
    assert refused.value.members == {"currency": "USD", "cycles": ["1 month", "1 year"]}


def test_each_currency_may_have_its_own_cycle() -> None:
    plan = make_plan(monthly(), monthly("180", currency="EUR", interval="year"))
    assert get_current_terms(plan.id).cycle("EUR") == ("year", 1)


def test_a_plan_without_prices_cannot_be_published() -> None:
    with pytest.raises(services.PlanHasNoPrices):
        services.create_plan(code="x", name="X", prices=(), actor=_actor(), now=_now())
    assert not PlanVersion.objects.published().exists()


def test_a_price_in_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        make_plan(monthly(currency="XXX"))


@pytest.mark.parametrize(
    ("terms", "field"),
    [({"kind": "usage"}, "meter"), ({"meter_id": ids.new()}, "meter")],
)
def test_usage_prices_have_a_meter_and_no_other_has(terms: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidPrice) as refused:
        make_plan(monthly(**terms))
    assert refused.value.members == {"field": field}


def test_usage_is_never_billed_in_advance() -> None:
    with pytest.raises(InvalidPrice) as refused:
        make_plan(monthly(kind="usage", meter_id=ids.new(), billed="advance"))
    assert refused.value.members == {"field": "billed"}


def test_a_meter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(services.UnknownMeter):
        make_plan(monthly(kind="usage", meter_id=ids.new()))


def _actor() -> Actor:
    return Actor(type="key", id="key_test")


def _now() -> datetime:
    return datetime.fromisoformat("2026-01-15T12:00:00+00:00")
