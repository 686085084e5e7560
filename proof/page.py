"""The table of docs/proofs.md: each figure beside what was found, the machine, the seed, the time, and the controls."""

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

from local.guard import CHECKOUT
from proof import sabotages
from proof.harness.results import Result, told

PAGE = CHECKOUT / "docs" / "proofs.md"
BEGIN, END = "<!-- written by `python -m proof all` -->", "<!-- end of what is written -->"
HEAD = "| proof | found | seconds | verdict |\n|---|---|---|---|"


def is_right(result: Result) -> bool:
    """This function will tell whether a proof holds, or a control fails as it must."""
    return result.holds != bool(result.sabotage)


def table(found: Sequence[Result]) -> str:
    """This function will return the results as rows of a table, the controls below their proof."""
    return "\n".join([HEAD, *map(_row, found)])


def _row(result: Result) -> str:
    what = (
        f"– without: {sabotages.MEANING[result.sabotage]}" if result.sabotage else f"**{result.name}**: {result.figure}"
    )
    return f"| {what} | {told(result.counted)} | {result.seconds:.0f} | {_verdict(result)} |"


def _verdict(result: Result) -> str:
    if not result.sabotage:
        return "holds" if result.holds else f"**broken**: {_first(result)}"
    return f"fails, as it must: {_first(result)}" if result.broken else "**holds, and must not**"


def _first(result: Result) -> str:
    text = result.broken[0].replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= 160 else f"{text[:160]}…"


def rewrite(found: Sequence[Result], *, seed: int, path: Path = PAGE) -> None:
    """This function will put the results into the page, between its two marks."""
    whole = sum(result.seconds for result in found)
    lead = f"Seed {seed}; {_machine()}; {whole / 60:.0f} minutes in all."
    written = f"{BEGIN}\n\n{lead}\n\n{table(found)}\n\n{END}"
    before = path.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    path.write_text(pattern.sub(lambda _: written, before), encoding="utf-8")


def _machine() -> str:
    """In general words: what matters for the figures, not whose machine it was."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    system = f"{platform.system()} {platform.machine()}, CPython {platform.python_version()}"
    return f"{cores} cores, {gibibytes:.0f} GiB, {system}, engines on the same machine"
