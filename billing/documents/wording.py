"""The words of a document in its language, one file each in `words/`; English where there is none."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale

from billing.documents import formats

_FOLDER: Final = Path(__file__).parent / "words"


@dataclass(frozen=True, kw_only=True)
class Words:
    """The words of one language, named by its tag; `reasons` are those of credit notes."""

    language: str
    labels: dict[str, str]
    reasons: dict[str, str]

    @property
    def is_right_to_left(self) -> bool:
        """Whether the language is written from right to left."""
        return bool(Locale(self.language.partition("_")[0]).text_direction == "rtl")

    def __getitem__(self, label: str) -> str:
        return self.labels[label]


def words_of(locale: Locale) -> Words:
    """This function will return the words that fit a locale best: of its script, of its language, or English."""
    candidates = (f"{locale.language}_{locale.script}", locale.language)
    return _read(next((name for name in candidates if name in languages()), formats.FALLBACK))


@cache
def languages() -> frozenset[str]:
    """This function will return the languages that have words of their own."""
    return frozenset(file.stem for file in _FOLDER.glob("*.toml"))


@cache
def _read(language: str) -> Words:
    labels = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    reasons = labels.pop("reasons")
    return Words(language=language, labels=labels, reasons=reasons)
