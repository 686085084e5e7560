"""What a period costs, as lines."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from catalog.pricing import Model, Price
from catalog.selectors import PlanTerms, PriceTerms
from core import ids
from core.periods import Period
from subscriptions.lines import advance_lines, arrears_lines

JUNE = Period(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
TEN_DAYS = Period(JUNE.starts_at, datetime(2026, 6, 11, tzinfo=UTC))


def price(amount: str, *, name: str = "Base fee", model: Model = Model.FLAT, **terms: Any) -> PriceTerms:
    given: dict[str, Any] = {"kind": "fixed", "billed": "advance", "currency": "USD", **terms}
    return PriceTerms(
        price_id=ids.new(), public_id="prc_1", name=name, interval="month", interval_count=1, meter_id=None,
        price=Price(model=model, currency=given["currency"], unit_amount=Decimal(amount)), **given,
    )  # fmt: skip


def plan(*prices: PriceTerms) -> PlanTerms:
    return PlanTerms(
        plan_id=ids.new(), plan_public_id="pln_1", version_id=ids.new(), version_number=1, code="pro", name="Pro",
        family="default", trial_days=0, archived_at=None, prices=prices, features=(),
    )  # fmt: skip


def after(terms: PlanTerms, measured: str, *, elapsed: Period = JUNE) -> list[tuple[str, Decimal, int]]:
    lines = arrears_lines(
        terms, currency="USD", quantity=3, period=JUNE, elapsed=elapsed, measure=lambda *_: Decimal(measured)
    )
    return [(one.kind, one.quantity, one.amount_minor) for one in lines]


def test_a_flat_fee_ignores_the_quantity_and_seats_do_not() -> None:
    terms = plan(price("20"), price("7.505", name="Seats", model=Model.PER_UNIT))
    lines = advance_lines(terms, currency="USD", quantity=3, period=JUNE)
    assert [(one.description, one.quantity, one.amount_minor) for one in lines] == [
        ("Pro – Base fee", Decimal(1), 2000),
        ("Pro – Seats", Decimal(3), 2252),
    ]


def test_several_periods_cost_several_times_the_rounded_amount() -> None:
    terms = plan(price("7.505", model=Model.PER_UNIT))
    (line,) = advance_lines(terms, currency="USD", quantity=3, period=JUNE, intervals=4)
    assert (line.quantity, line.amount_minor) == (Decimal(12), 4 * 2252)


def test_only_the_currency_s_prices_in_advance_are_charged_before() -> None:
    terms = plan(
        price("20"),
        price("18", currency="EUR"),
        price("5", billed="arrears"),
        price("1", kind="usage", billed="arrears"),
    )
    assert [one.amount_minor for one in advance_lines(terms, currency="USD", quantity=1, period=JUNE)] == [2000]


def test_usage_is_charged_as_measured() -> None:
    terms = plan(price("0.05", kind="usage", billed="arrears", model=Model.PER_UNIT))
    assert after(terms, "12.5") == [("usage", Decimal("12.5"), 63)]
    assert after(terms, "0") == []
    assert after(terms, "-4") == []


def test_a_flat_usage_fee_is_charged_whatever_was_used() -> None:
    assert after(plan(price("9", kind="usage", billed="arrears")), "0") == [("usage", Decimal(0), 900)]


def test_a_fixed_price_in_arrears_counts_for_the_time_that_passed() -> None:
    terms = plan(price("10", billed="arrears"))
    assert after(terms, "0") == [("fixed", Decimal(1), 1000)]
    assert after(terms, "0", elapsed=TEN_DAYS) == [("proration", Decimal(1), 333)]


def test_a_price_named_like_its_plan_is_not_named_twice() -> None:
    (line,) = advance_lines(plan(price("1", name="Pro")), currency="USD", quantity=1, period=JUNE)
    assert line.description == "Pro"
