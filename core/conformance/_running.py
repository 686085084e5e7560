"""Many files: what is run, what is not answered yet, and how it is counted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.conformance._files import Document, Malformed, find, read
from core.conformance._registry import KINDS, adapter
from core.conformance._verifying import Outcome, verify


@dataclass(kw_only=True)
class Tally:
    """How many cases of one kind there are, and what became of them."""

    passed: int = 0
    failed: int = 0
    not_yet: int = 0

    @property
    def cases(self) -> int:
        """This function will answer how many cases there are."""
        return self.passed + self.failed + self.not_yet


@dataclass(kw_only=True)
class Report:
    """`problems` are files that could not be run; `failures` are the cases that failed, with their files."""

    kinds: dict[str, Tally] = field(default_factory=dict)
    failures: list[tuple[Document, Outcome]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def not_yet(self) -> list[str]:
        """This function will answer the kinds that nobody answers yet, sorted."""
        return sorted(kind for kind, tally in self.kinds.items() if tally.not_yet)


def run(paths: Sequence[Path], kinds: Collection[str] = ()) -> Report:
    """Run every case of some files and folders.

    `kinds` chooses; files of another kind are left alone. This function will answer a report in which nothing that was
    chosen is missing: what cannot be read is a problem and so is nothing at all; what nobody answers yet is counted.
    """
    report = Report()
    for path in find(paths):
        try:
            document = read(path)
        except Malformed as problem:
            report.problems.append(str(problem))
            continue
        if not kinds or document.kind in kinds:
            _run(document, report)
    _miss(report, paths, kinds)
    return report


def _run(document: Document, report: Report) -> None:
    if document.kind not in KINDS:
        report.problems.append(f"{document.path}: there is no kind {document.kind}, only {', '.join(KINDS)}")
        return
    tally, chosen = report.kinds.setdefault(document.kind, Tally()), adapter(document.kind)
    if chosen is None:
        tally.not_yet += len(document.cases)
        return
    failures = [(document, one) for case in document.cases if not (one := verify(chosen, case)).passed]
    tally.failed += len(failures)
    tally.passed += len(document.cases) - len(failures)
    report.failures += failures


def _miss(report: Report, paths: Sequence[Path], kinds: Collection[str]) -> None:
    """Nothing that ran must not look like success."""
    places = ", ".join(map(str, paths))
    report.problems += [f"no case of the kind {kind} in {places}" for kind in sorted(set(kinds) - set(report.kinds))]
    if not report.kinds and not report.problems:
        report.problems.append(f"no case in {places}")
