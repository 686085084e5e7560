"""Invoices of 20 lines with a coupon and two taxes: their queries, and their time beside the same rows in SQL."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import house, pgbench, rows
from benchmarks.load import Measured, median
from benchmarks.table import Line

MODULE = "benchmarks.issuing"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured; invoices and transactions are per round."""

    pairs: int = 3
    invoices: int = 40
    transactions: int = 200
    lines: int = 20


Opened = Callable[[], AbstractContextManager[tuple[Mapping[str, str], Path]]]


def open_own() -> AbstractContextManager[tuple[Mapping[str, str], Path]]:
    """This function will open engines of its own."""
    return house.migrated(os.environ)


def run(size: Size = Size(), opened: Opened = open_own) -> list[Line]:
    """This function will issue invoices in turns with the reference, and fail if queries grow with lines."""
    with opened() as (environment, folder):
        quiet = {**environment, "LOG_LEVEL": "WARNING"}
        told = house.ask(MODULE, quiet, "prepare", str(folder), str(size.lines))
        queries = house.ask(MODULE, quiet, "count", "1")
        with house.reference(quiet) as url:
            turns = [_turn(number, size, quiet, folder / "invoice.sql", url) for number in range(size.pairs + 1)][1:]
    if len(set(queries.values())) != 1:
        raise AssertionError(f"the queries of an invoice grow with its lines: {queries}")
    return _lines(size, turns, told, queries)


def _turn(number: int, size: Size, environment: Mapping[str, str], script: Path, url: str) -> tuple[Measured, Measured]:
    """One process at work, and one client with the same rows."""
    found = house.ask(MODULE, environment, "issue", str(number + 1), str(size.invoices), str(size.lines))
    mine = Measured(rate=size.invoices / sum(found["seconds"]), seconds=sorted(found["seconds"]))
    first = rows.FIRST_NUMBER + number * size.transactions
    return mine, pgbench.run(script, url, clients=1, transactions=size.transactions, first=first)


def _lines(
    size: Size, turns: list[tuple[Measured, Measured]], told: Mapping[str, int], queries: Mapping[str, int]
) -> list[Line]:
    counted = ", ".join(f"{count} with {lines}" for lines, count in queries.items())
    share = median([mine.rate / other.rate for mine, other in turns])
    note = f"pgbench: {told['rows']} rows, {told['statements']} statements"
    return [
        Line(what="queries of an invoice", result=f"{counted} lines"),
        _speed(f"invoice of {size.lines} lines", [mine for mine, _ in turns]),
        _speed("pgbench", [other for _, other in turns]),
        Line(what=f"invoice of {size.lines} lines, rate", result=f"{share:.2f} × {note}"),
    ]


def _speed(what: str, rounds: list[Measured]) -> Line:
    middle = sorted(rounds, key=lambda one: one.rate)[len(rounds) // 2]
    return Line(what=what, result=f"{middle.rate:.0f}/s, P50 {middle.at(50):.1f} ms, P95 {middle.at(95):.1f} ms")
