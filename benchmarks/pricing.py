"""Pure arithmetic: pricing lines and computing invoices, beside a bare loop that multiplies as many decimals."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from benchmarks.load import median
from benchmarks.table import Line as Result
from billing.arithmetic import Coupon, Line, Tax, compute_invoice
from catalog.pricing import Model, Price, Tier, rate

_TIERS = (
    Tier(up_to=Decimal(100), unit_amount=Decimal("0.50"), flat_amount=Decimal(5)),
    Tier(up_to=Decimal(1000), unit_amount=Decimal("0.25"), flat_amount=Decimal(2)),
    Tier(up_to=None, unit_amount=Decimal("0.001234567891")),
)
PRICES = (
    Price(model=Model.FLAT, currency="USD", unit_amount=Decimal("49.00")),
    Price(model=Model.PER_UNIT, currency="USD", unit_amount=Decimal("0.003333")),
    Price(model=Model.GRADUATED, currency="USD", tiers=_TIERS),
    Price(model=Model.VOLUME, currency="USD", tiers=_TIERS, maximum_amount=Decimal(400)),
    Price(model=Model.PACKAGE, currency="USD", unit_amount=Decimal("1.50"), package_size=Decimal(100)),
    Price(
        model=Model.PERCENTAGE,
        currency="USD",
        percentage=Decimal("2.9"),
        fixed_amount=Decimal("0.30"),
        free_events=1,
        minimum_amount=Decimal(1),
    ),
)
_EVENTS = tuple(Decimal(value) for value in ("12.50", "99.99", "3.00"))
_TAXES = (Tax(code="state", rate=Decimal("0.0825")), Tax(code="city", rate=Decimal("0.02125")))


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured; each invoice has `lines_per_invoice` lines."""

    pairs: int = 5
    lines: int = 10_000
    invoices: int = 1_000
    lines_per_invoice: int = 20


def run(size: Size = Size()) -> list[Result]:
    """This function will measure both in one run and return what to print."""
    in_invoices = size.invoices * size.lines_per_invoice
    return [
        *_beside("pricing", "lines", size.pairs, size.lines, size.lines, lambda: price_lines(size.lines)),
        *_beside("computing", "invoices", size.pairs, size.invoices, in_invoices, lambda: compute_invoices(size)),
    ]


def price_lines(count: int) -> int:
    """This function will price lines of every model in turn, quantities with three places, and return their sum."""
    return sum(
        rate(price, Decimal(number * 7919).scaleb(-3), _EVENTS if price.model is Model.PERCENTAGE else ()).amount_minor
        for number, price in zip(range(count), itertools.cycle(PRICES))
    )


def compute_invoices(size: Size) -> int:
    """This function will compute invoices with a line coupon, two for all, two tax rates and a wallet: what is due."""
    return sum(_due_minor(number, size.lines_per_invoice) for number in range(size.invoices))


def _due_minor(number: int, lines: int) -> int:
    charged = [Line(id=str(line), amount_minor=number * 13 + line * 997 + 1, taxes=_TAXES) for line in range(lines)]
    coupons = [
        Coupon(percent=Decimal(25), lines=frozenset({"0", "1", "2"})),
        Coupon(percent=Decimal("12.5")),
        Coupon(amount_minor=500),
    ]
    return compute_invoice(charged, coupons=coupons, wallet_minor=1000).due_minor


def multiply(count: int) -> Decimal:
    """This function will multiply decimals, which is the least that any engine has to do for a line."""
    total, unit_amount = Decimal(0), Decimal("0.003333")
    for number in range(count):
        total += Decimal(number) * unit_amount
    return total


def _beside(
    what: str, unit: str, pairs: int, count: int, multiplications: int, work: Callable[[], object]
) -> list[Result]:
    """Work and reference take turns, after a round that warms both up; the middle pair counts."""
    turns = [(_seconds(work), _seconds(lambda: multiply(multiplications))) for _ in range(pairs + 1)][1:]
    times = median([mine / bare for mine, bare in turns])
    return [
        Result(what=f"{what} {count} {unit}", result=_speed(count, [mine for mine, _ in turns])),
        Result(what=f"{what}, cost", result=f"{times:.0f} × {multiplications} multiplications of decimals"),
    ]


def _speed(count: int, seconds: Sequence[float]) -> str:
    each = median(seconds) / count
    return f"{1 / each:.0f}/s, {each * 1_000_000:.1f} µs each"


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
