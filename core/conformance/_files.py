"""Reading files of cases. A file that is not understood is never skipped: a case that did not run proves nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Malformed(Exception):
    """The file cannot be read, or is not a document of cases; the message names the file, and the case if it is one."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What an engine is given and has to answer; only the members that `expected` has are compared."""

    id: str
    given: dict[str, Any]
    expected: dict[str, Any]
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file of cases of one kind."""

    path: Path
    kind: str
    cases: tuple[Case, ...]


def find(paths: Sequence[Path]) -> list[Path]:
    """The files that are meant. This function will answer files as they are, and for a folder every .json in it."""
    return [file for path in paths for file in (sorted(path.rglob("*.json")) if path.is_dir() else [path])]


def read(path: Path) -> Document:
    """One file of cases. This function will answer it checked: every case has an id of its own, input and expectation.

    :raises Malformed: the file is not there, not UTF-8, not JSON, or not such a document.
    """
    document = _parsed(path)
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise Malformed(f"{path}: not an object with the text `kind`")
    rows = document.get("cases")
    if not isinstance(rows, list) or not rows:
        raise Malformed(f"{path}: `cases` is not a list of at least one case")
    cases = tuple(_case(path, number, row) for number, row in enumerate(rows, 1))
    ids = [case.id for case in cases]
    if repeated := sorted({name for name in ids if ids.count(name) > 1}):
        raise Malformed(f"{path}: two cases are called {', '.join(repeated)}")
    return Document(path=path, kind=document["kind"], cases=cases)


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse, object_pairs_hook=_unique)
    except (OSError, ValueError, RecursionError) as error:
        raise Malformed(f"{path}: {error}") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{max(names, key=names.count)!r} is twice in one object")
    return found


def _case(path: Path, number: int, row: Any) -> Case:
    name = row.get("id") if isinstance(row, dict) else None
    if not isinstance(name, str) or not name:
        raise Malformed(f"{path}: case {number} is not an object with the text `id`")
    for member in ("input", "expected"):
        if not isinstance(row.get(member), dict):
            raise Malformed(f"{path}: {name}: `{member}` is not an object")
    if not row["expected"]:
        raise Malformed(f"{path}: {name}: `expected` is empty, so that nothing could be wrong")
    return Case(id=name, given=row["input"], expected=row["expected"], why=str(row.get("why", "")))
