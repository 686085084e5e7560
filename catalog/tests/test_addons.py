"""Add-ons: made with their prices, and archived."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from catalog import services
from catalog.models import AddOn, Price
from catalog.pricing import InvalidPrice
from catalog.selectors import get_addon
from catalog.tests.factories import make_addon, monthly, seats, tiered
from core import errors, ids
from core.actor import Actor
from usage.tests.factories import make_meter

pytestmark = pytest.mark.django_db
Facts = Callable[[], list[str]]


def test_an_add_on_has_a_price_per_currency(actor: Actor, now: datetime, facts: Facts) -> None:
    addon = make_addon(seats("5"), seats("4.5", currency="EUR"), code="support", actor=actor, now=now)
    terms = get_addon(addon.pk, "EUR")
    assert (terms.addon_public_id, terms.plan_name, terms.interval) == (addon.public_id, addon.name, "month")
    assert (terms.unit_amount, terms.is_recurring) == (addon.prices.get(currency="EUR").unit_amount, True)
    assert facts() == ["addon.created"]


def test_a_one_off_add_on_is_charged_once(actor: Actor, now: datetime) -> None:
    addon = make_addon(monthly("99", interval=None), kind="one_off", actor=actor, now=now)
    terms = get_addon(addon.pk, "USD")
    assert (terms.is_recurring, terms.interval, terms.is_in_advance) == (False, "", True)


def test_an_add_on_may_have_tiers() -> None:
    assert get_addon(make_addon(tiered()).pk, "USD").formula == "graduated: ≤10 @ 50, ≤20 @ 40, beyond @ 30"


@pytest.mark.parametrize(
    ("kind", "price", "field"),
    [
        ("one_off", {}, "interval"),
        ("recurring", {"interval": None}, "interval"),
        ("one_off", {"interval": None, "interval_count": 2}, "interval_count"),
        ("one_off", {"interval": None, "billed": "arrears"}, "billed"),
        ("recurring", {"unit_amount": None}, "unit_amount"),
    ],
)
def test_a_price_that_does_not_fit_is_refused(kind: str, price: dict[str, Any], field: str, facts: Facts) -> None:
    with pytest.raises(InvalidPrice) as refused:
        make_addon(monthly(**price), kind=kind)
    assert refused.value.members == {"field": field}
    assert (AddOn.objects.count(), facts()) == (0, [])


def test_usage_is_not_sold_as_an_add_on() -> None:
    with pytest.raises(InvalidPrice) as refused:
        make_addon(seats(kind="usage", meter_id=make_meter().pk))
    assert refused.value.members == {"field": "kind"}
    assert not AddOn.objects.exists()


def test_an_add_on_without_prices_is_refused(actor: Actor, now: datetime) -> None:
    with pytest.raises(services.AddOnHasNoPrices):
        services.create_addon(code="x", name="X", prices=(), actor=actor, now=now)
    assert not AddOn.objects.exists()


def test_a_currency_has_one_price() -> None:
    with pytest.raises(services.CurrencyRepeated) as refused:
        make_addon(monthly("5"), monthly("6"))
    assert refused.value.members == {"currency": "USD"}
    assert (AddOn.objects.count(), Price.objects.count()) == (0, 0)


def test_a_code_belongs_to_one_add_on(facts: Facts) -> None:
    make_addon(code="support")
    with pytest.raises(services.AddOnCodeTaken):
        make_addon(code="support")
    assert (AddOn.objects.count(), facts()) == (1, ["addon.created"])


def test_an_add_on_is_archived_once(actor: Actor, now: datetime, facts: Facts) -> None:
    addon = make_addon()
    archived = services.archive_addon(addon_id=addon.pk, actor=actor, now=now)
    with pytest.raises(services.AddOnArchived):
        services.archive_addon(addon_id=addon.pk, actor=actor, now=now)
    assert (archived.archived_at, facts()) == (now, ["addon.created", "addon.archived"])


def test_an_archived_add_on_still_says_what_it_costs(actor: Actor, now: datetime) -> None:
    addon = services.archive_addon(addon_id=make_addon(monthly("5")).pk, actor=actor, now=now)
    assert get_addon(addon.pk, "USD").unit_amount == 5


def test_an_unknown_add_on_is_not_found(actor: Actor, now: datetime) -> None:
    with pytest.raises(errors.NotFound):
        services.archive_addon(addon_id=ids.new(), actor=actor, now=now)
