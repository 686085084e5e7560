"""The first page of the console: a few numbers, a chart or two, and what happened last.

Apps say in their `admin.py` what they have to show; core knows none of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse

from core import tenancy
from core.console._shown import link
from core.models import Environment

MOST_HAPPENINGS = 8


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar of a chart: `value` decides how long it is, `text` stands beside it, `tone` is a color of a badge.

    It begins at `base`, as the steps of a waterfall do.
    """

    label: str
    value: int
    text: str
    tone: str = "good"
    base: int = 0


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Bars that may be compared. `upright` ones stand beside each other, as months do."""

    title: str
    bars: Sequence[Bar]
    upright: bool = False


@dataclass(frozen=True, kw_only=True)
class Happened:
    """A fact of the past, as a line."""

    at: datetime
    what: str
    subject: str
    actor: str
    environment: str


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A number with a page behind it. An alarm is red when it is not zero."""

    title: str
    model: str
    query: str
    order: int
    is_alarm: bool
    count: Callable[[], int]


Draw = Callable[[], Iterable[Chart]]
Latest = Callable[[int], Iterable[Happened]]

_tiles: Final[list[Tile]] = []
_charts: Final[list[tuple[int, str, Draw]]] = []
_latest: Final[list[tuple[str, Latest]]] = []


def tile(
    title: str, *, model: str, order: int, query: str = "", is_alarm: bool = False
) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """This function will show what the decorated function counts, to operators who may see the `app.model`."""

    def register(count: Callable[[], int]) -> Callable[[], int]:
        _tiles.append(Tile(title=title, model=model, query=query, order=order, is_alarm=is_alarm, count=count))
        return count

    return register


def chart(*, model: str, order: int) -> Callable[[Draw], Draw]:
    """This function will show the charts of the decorated function, to operators who may see the `app.model`."""

    def register(draw: Draw) -> Draw:
        _charts.append((order, model, draw))
        return draw

    return register


def latest(*, model: str) -> Callable[[Latest], Latest]:
    """This function will show what the decorated function says happened last, the newest first."""

    def register(happenings: Latest) -> Latest:
        _latest.append((model, happenings))
        return happenings

    return register


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """This function will add the overview to the first page, of all environments or of the one that is asked for."""
    environments = list(Environment.objects.of_tenants().select_related("tenant").order_by("tenant__name", "slug"))
    chosen = next((one for one in environments if one.public_id == request.GET.get("environment")), None)
    with _within(chosen):
        shown = {
            "tiles": [
                _shown_tile(one) for one in sorted(_tiles, key=lambda one: one.order) if _may(request, one.model)
            ],
            "charts": [drawn(one) for one in _seen_charts(request) if one.bars],
            "happened": [
                _line(one) for model, tell in _latest if _may(request, model) for one in tell(MOST_HAPPENINGS)
            ],
        }
    pills = [{"title": "All environments", "id": "", "is_on": chosen is None}]
    pills += [{"title": str(one), "id": one.public_id, "is_on": one is chosen} for one in environments]
    return context | shown | {"title": "Overview", "pills": pills}


def _within(chosen: Environment | None) -> AbstractContextManager[Any]:
    return tenancy.scope(chosen.as_scope()) if chosen else nullcontext()


def _may(request: HttpRequest, label: str) -> bool:
    app, model = label.split(".")
    return bool(request.user.has_perm(f"{app}.view_{model}"))


def _seen_charts(request: HttpRequest) -> list[Chart]:
    charts = sorted(_charts, key=lambda one: one[0])
    return [shown for _, model, draw in charts if _may(request, model) for shown in draw()]


def _shown_tile(one: Tile) -> Mapping[str, Any]:
    number = one.count()
    address = reverse(f"admin:{one.model.replace('.', '_')}_changelist")
    query = f"?{one.query}" if one.query else ""
    return {"title": one.title, "number": number, "link": address + query, "is_red": one.is_alarm and number > 0}


# How dense upright bars stand; the style sheet knows what to do about it.
CROWDS: Final = (("few", 4), ("some", 8), ("many", inf))


def drawn(one: Chart) -> Mapping[str, Any]:
    """This function will return a chart as the templates draw it: bars with their share of the longest."""
    most = max((bar.base + bar.value for bar in one.bars), default=0) or 1
    # What is there at all is seen, however small beside the rest; what is not leaves no mark.
    bars = [
        {
            "bar": bar, "percent": max(1, bar.value * 100 // most) if bar.value > 0 else 0,
            "base": min(99, max(bar.base, 0) * 100 // most),
        }
        for bar in one.bars
    ]  # fmt: skip
    crowd = next(name for name, most in CROWDS if len(bars) <= most)
    return {"title": one.title, "upright": one.upright, "bars": bars, "crowd": crowd if one.upright else ""}


def _line(one: Happened) -> Mapping[str, Any]:
    return {"fact": one, "subject": link(one.subject)}
