"""What other apps are told of prices and add-ons, and in how many queries."""

from decimal import Decimal
from typing import Any

import pytest

from catalog import selectors, services
from catalog.tests.factories import make_addon, make_plan, monthly, seats, tiered
from core import errors, ids, tenancy
from core.actor import SYSTEM
from core.tenancy import Scope

pytestmark = pytest.mark.django_db


def test_a_price_names_its_plan_and_version() -> None:
    plan = make_plan(monthly(tax_code="saas"), name="Pro")
    row = plan.versions.get().prices.get()
    terms = selectors.get_price(row.pk)
    assert (terms.plan_id, terms.plan_public_id, terms.plan_name) == (plan.pk, plan.public_id, "Pro")
    assert (terms.version_number, terms.addon_id, terms.addon_public_id) == (1, None, None)
    assert (terms.tax_code, terms.needs_event_values) == ("saas", False)
    assert selectors.find_price(row.public_id) == terms
    assert selectors.get_current_terms(plan.pk).prices == (terms,)


def test_an_add_on_s_price_names_the_add_on() -> None:
    addon = make_addon(monthly("5"), name="Support")
    terms = selectors.get_price(addon.prices.get().pk)
    assert (terms.plan_id, terms.plan_public_id, terms.version_number) == (None, None, None)
    assert (terms.addon_id, terms.addon_public_id, terms.plan_name) == (addon.pk, addon.public_id, "Support")


def test_an_amount_is_what_its_rating_says() -> None:
    terms = selectors.get_price(make_plan(tiered()).versions.get().prices.get().pk)
    rating = terms.rate(Decimal(15))
    assert (rating.amount_minor, terms.amount(Decimal(15)).minor) == (70000, 70000)
    assert isinstance(rating, selectors.Rating)
    assert all(isinstance(step, selectors.Step) for step in rating.steps)


def test_many_prices_are_one_query(django_assert_num_queries: Any) -> None:
    plans = [make_plan(monthly(), seats()) for _ in range(3)]
    addon = make_addon()
    wanted = [row.pk for plan in plans for row in plan.versions.get().prices.all()] + [addon.prices.get().pk]
    with django_assert_num_queries(1):
        found = selectors.list_prices([*wanted, ids.new()])
    assert set(found) == set(wanted)
    assert all(found[one].price_id == one for one in wanted)


def test_the_terms_of_a_version_are_four_queries_however_many_prices(django_assert_num_queries: Any) -> None:
    version = make_plan(monthly(), seats(), tiered()).versions.get()
    with django_assert_num_queries(4):
        terms = selectors.get_terms(version.pk)
    assert [one.version_number for one in terms.prices] == [1, 1, 1]


def test_add_ons_in_a_currency_are_one_query(django_assert_num_queries: Any) -> None:
    both = make_addon(monthly("5"), monthly("4", currency="EUR"))
    dollars, euros = make_addon(monthly("7")), make_addon(monthly("6", currency="EUR"))
    with django_assert_num_queries(1):
        found = selectors.list_addons([both.pk, dollars.pk, euros.pk], "EUR")
    assert {addon_id: terms.unit_amount for addon_id, terms in found.items()} == {both.pk: 4, euros.pk: 6}


def test_an_add_on_in_a_currency_it_is_not_sold_in_is_refused() -> None:
    addon = make_addon(monthly("5"))
    with pytest.raises(selectors.CurrencyNotOffered) as refused:
        selectors.get_addon(addon.pk, "EUR")
    assert refused.value.members == {"currency": "EUR", "offered": ["USD"]}


def test_add_ons_are_found_by_id_and_by_code() -> None:
    addon = make_addon(code="support", kind="recurring")
    found = selectors.find_addon("support")
    assert found is not None
    assert (found.id, found.public_id, found.kind, found.archived_at) == (addon.pk, addon.public_id, "recurring", None)
    assert selectors.find_addon(addon.public_id) == found
    assert selectors.find_addon("nothing") is None


def test_how_shares_are_measured_is_part_of_the_terms() -> None:
    plan = make_plan(proration_basis="day")
    assert selectors.get_current_terms(plan.pk).proration_basis == "day"
    services.update_plan(plan_id=plan.pk, details={"proration_basis": "second"}, actor=SYSTEM, now=plan.created_at)
    assert selectors.get_current_terms(plan.pk).proration_basis == "second"


def test_what_does_not_exist_is_not_found(live_environment: Scope) -> None:
    price, addon = make_plan().versions.get().prices.get(), make_addon()
    assert selectors.find_price("prc_nonsense") is None
    with pytest.raises(errors.NotFound):
        selectors.get_addon(ids.new(), "USD")
    with tenancy.scope(live_environment):
        with pytest.raises(errors.NotFound):
            selectors.get_price(price.pk)
        with pytest.raises(errors.NotFound):
            selectors.get_addon(addon.pk, "USD")
        assert selectors.find_price(price.public_id) is None
        assert (selectors.list_prices([price.pk]), selectors.list_addons([addon.pk], "USD")) == ({}, {})
