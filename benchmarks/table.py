"""What is printed: one line for each thing measured, its goals beside it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Line:
    """One result. `goal` is "at least / stretch" as docs/benchmarks.md states it; empty where none is set.

    `far` tells which part of the stretch was reached; of a cost, what is allowed of what it took.
    """

    what: str
    result: str
    goal: str = ""
    verdict: str = ""
    far: str = ""


def ratio(what: str, value: float, *, least: float, stretch: float, note: str = "", is_cost: bool = False) -> Line:
    """This function will judge a ratio against its two goals; of a cost, such as a latency, less is better."""
    reached = [value <= goal if is_cost else value >= goal for goal in (least, stretch)]
    verdict = "stretch" if all(reached) else "reached" if reached[0] else "below"
    far = f"{100 * (stretch / value if is_cost else value / stretch):.0f} % of stretch"
    sign = "≤" if is_cost else "≥"
    text = f"{value:.2f} × {note}".rstrip()
    return Line(what=what, result=text, goal=f"{sign} {least:g} × / {sign} {stretch:g} ×", verdict=verdict, far=far)


def render(lines: Sequence[Line]) -> str:
    """This function will return the lines as a table of aligned columns."""
    head = Line(what="what", result="result", goal="at least / stretch", verdict="goal", far="how far")
    cells = [(one.what, one.result, one.goal, one.verdict, one.far) for one in (head, *lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(rows)
