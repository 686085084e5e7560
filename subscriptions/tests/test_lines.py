"""What a period costs, as lines."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing.internal import NewLine, priced_line
from billing.lines import Basis
from catalog.pricing import Model, PackageRounding, Price, Tier
from catalog.selectors import PlanTerms, PriceTerms
from core import ids
from core.periods import Period
from subscriptions.lines import Item, Span, addon_item, advance_lines, arrears_lines, items_of, once_lines, period_minor
from subscriptions.proration import Basis as Clock

JUNE = Period(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
TEN_DAYS = Period(JUNE.starts_at, datetime(2026, 6, 11, tzinfo=UTC))
WHOLE = Span(whole=JUNE, starts_at=JUNE.starts_at)


def price(amount: str | None, *, name: str = "Base fee", model: Model = Model.FLAT, **terms: Any) -> PriceTerms:
    given: dict[str, Any] = {"kind": "fixed", "billed": "advance", "currency": "USD", "public_id": "prc_1"}
    known = {name: terms.pop(name) for name in list(terms) if name in Price.__dataclass_fields__ and name != "currency"}
    given |= terms
    formula = Price(model=model, currency=given["currency"], unit_amount=Decimal(amount) if amount else None, **known)
    return PriceTerms(
        price_id=ids.new(), name=name, interval="month", interval_count=1, meter_id=None, price=formula,
        plan_public_id="pln_1", plan_name="Pro", **given,
    )  # fmt: skip


def plan(*prices: PriceTerms) -> PlanTerms:
    return PlanTerms(
        plan_id=ids.new(), plan_public_id="pln_1", version_id=ids.new(), version_number=1, code="pro", name="Pro",
        family="default", trial_days=0, archived_at=None, prices=prices, features=(),
    )  # fmt: skip


def items(terms: PlanTerms, quantity: int = 3) -> tuple[Item, ...]:
    return items_of(terms, currency="USD", quantity=quantity)


def measured(value: str) -> Callable[[Item, Period], NewLine]:
    """A meter that shows this, whatever the window."""

    def line(item: Item, window: Period) -> NewLine:
        basis = Basis(
            price_id=item.terms.price_id, quantity=Decimal(value), starts_at=window.starts_at, ends_at=window.ends_at
        )
        return priced_line(item.terms, basis, description=item.description, kind="usage", period=window)

    return line


def after(terms: PlanTerms, value: str = "0", *, elapsed: Period = JUNE) -> list[tuple[str, Decimal, int]]:
    lines = arrears_lines(items(terms), span=WHOLE, elapsed=elapsed, measure=measured(value))
    return [(one.kind, one.quantity, one.amount_minor) for one in lines]


def test_a_flat_fee_ignores_the_quantity_and_seats_do_not() -> None:
    terms = plan(price("20"), price("7.505", name="Seats", model=Model.PER_UNIT))
    lines = advance_lines(items(terms), period=JUNE)
    assert [(one.description, one.quantity, one.amount_minor) for one in lines] == [
        ("Pro – Base fee", Decimal(1), 2000),
        ("Pro – Seats", Decimal(3), 2252),
    ]


def test_a_line_says_what_it_follows_from() -> None:
    seats = price("7.50", model=Model.PER_UNIT)
    (line,) = advance_lines(items(plan(seats)), period=JUNE)
    assert line.basis == Basis(price_id=seats.price_id, quantity=Decimal(3))
    assert (line.price, line.plan) == ("prc_1", "pln_1")
    assert [(step["quantity"], step["unit_amount"]) for step in line.steps] == [("3", "7.50")]


def test_several_periods_cost_several_times_the_exact_amount_rounded_once() -> None:
    terms = plan(price("7.505", model=Model.PER_UNIT))
    (line,) = advance_lines(items(terms), period=JUNE, intervals=4)
    assert (line.quantity, line.amount_minor) == (Decimal(12), 4 * 2252)


def test_tiers_and_packages_count_seats_too() -> None:
    tiers = (
        Tier(up_to=Decimal(2), unit_amount=Decimal(10)), Tier(up_to=None, unit_amount=Decimal(5)),
    )  # fmt: skip
    terms = plan(
        price(None, model=Model.GRADUATED, tiers=tiers),
        price(None, model=Model.VOLUME, tiers=tiers),
        price("50", model=Model.PACKAGE, package_size=Decimal(2), package_rounding=PackageRounding.UP),
    )
    assert [one.amount_minor for one in advance_lines(items(terms), period=JUNE)] == [2500, 1500, 10000]


def test_a_short_first_period_costs_its_share_of_the_whole() -> None:
    (line,) = advance_lines(items(plan(price("10"))), period=TEN_DAYS, share=Fraction(1, 3))
    assert (line.kind, line.amount_minor, line.basis.share if line.basis else None) == (
        "proration",
        333,
        Fraction(1, 3),
    )


def test_only_the_currency_s_prices_in_advance_are_charged_before() -> None:
    terms = plan(
        price("20"),
        price("18", currency="EUR"),
        price("5", billed="arrears"),
        price("1", kind="usage", billed="arrears"),
    )
    assert [one.amount_minor for one in advance_lines(items(terms, 1), period=JUNE)] == [2000]


def test_usage_is_charged_as_measured() -> None:
    terms = plan(price("0.05", kind="usage", billed="arrears", model=Model.PER_UNIT))
    assert after(terms, "12.5") == [("usage", Decimal("12.5"), 63)]
    assert after(terms, "0") == []


def test_a_flat_usage_fee_is_charged_whatever_was_used() -> None:
    assert after(plan(price("9", kind="usage", billed="arrears"))) == [("usage", Decimal(0), 900)]


def test_a_minimum_is_owed_whole_also_for_nothing_and_for_a_part_of_a_period() -> None:
    usage = price(
        "1", kind="usage", billed="arrears", model=Model.PER_UNIT, minimum_amount=Decimal(30),
        maximum_amount=Decimal(50),
    )  # fmt: skip
    assert [amount for _, _, amount in after(plan(usage), "0")] == [3000]
    assert [amount for _, _, amount in after(plan(usage), "10", elapsed=TEN_DAYS)] == [3000]
    assert [amount for _, _, amount in after(plan(usage), "40")] == [4000]
    assert [amount for _, _, amount in after(plan(usage), "99", elapsed=TEN_DAYS)] == [5000]


def test_a_fixed_price_in_arrears_counts_for_the_time_that_passed() -> None:
    terms = plan(price("10", billed="arrears"))
    assert after(terms) == [("fixed", Decimal(1), 1000)]
    assert after(terms, elapsed=TEN_DAYS) == [("proration", Decimal(1), 333)]
    assert after(terms, elapsed=Period(TEN_DAYS.ends_at, JUNE.ends_at)) == [("proration", Decimal(1), 667)]


def test_days_are_counted_where_the_plan_says_so() -> None:
    noon = datetime(2026, 6, 11, 12, tzinfo=UTC)
    span = Span(whole=JUNE, starts_at=noon, clock=Clock.DAY)
    assert span.share == Fraction(20, 30)
    assert Span(whole=JUNE, starts_at=noon).share == Fraction(39, 60)


def test_an_add_on_in_arrears_counts_from_when_it_was_added() -> None:
    support = price("30", billed="arrears", name="Support")
    item = addon_item(support, quantity=1, since=datetime(2026, 6, 21, tzinfo=UTC))
    (line,) = arrears_lines([item], span=WHOLE, elapsed=JUNE, measure=measured("0"))
    assert (line.amount_minor, line.period_starts_at) == (1000, item.since)
    assert arrears_lines([item], span=WHOLE, elapsed=TEN_DAYS, measure=measured("0")) == []


def test_what_is_charged_once_has_no_period() -> None:
    (line,) = once_lines([addon_item(price("99", name="Set-up"), quantity=1, kind="one_off")])
    assert (line.kind, line.amount_minor, line.period_starts_at) == ("one_off", 9900, None)


def test_a_whole_period_is_known_but_for_its_usage() -> None:
    terms = plan(
        price("20"), price("7.50", model=Model.PER_UNIT), price("5", billed="arrears"),
        price("1", kind="usage", billed="arrears", model=Model.PER_UNIT, minimum_amount=Decimal(3)),
    )  # fmt: skip
    assert period_minor(items(terms)) == 2000 + 2250 + 500


def test_a_price_named_like_its_plan_is_not_named_twice() -> None:
    (line,) = advance_lines(items(plan(price("1", name="Pro"))), period=JUNE)
    assert line.description == "Pro"
