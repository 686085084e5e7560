"""Every language says everything."""

import string

import pytest

from billing.documents import formats
from billing.documents.wording import languages, words_of
from billing.models import CreditNote

ENGLISH = words_of(formats.locale_of("en"))


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_language_has_every_word_and_every_place_in_it(language: str) -> None:
    words = words_of(formats.locale_of(language))
    assert words.language == language
    assert words.labels.keys() == ENGLISH.labels.keys()
    assert all(words.labels.values())
    assert set(words.reasons) == set(CreditNote.Reason.values)
    for label, word in words.labels.items():
        assert places(word) == places(ENGLISH[label]), label


def places(text: str) -> set[str | None]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de-AT", "de"), ("zh-TW", "zh_Hant"), ("zh-CN", "zh"), ("pt_BR", "pt"), ("fi", "en"), ("nonsense", "en")],
)
def test_a_locale_speaks_the_language_that_fits_it_best(tag: str, language: str) -> None:
    assert words_of(formats.locale_of(tag)).language == language


def test_arabic_and_hebrew_are_written_from_right_to_left() -> None:
    assert {name for name in languages() if words_of(formats.locale_of(name)).is_right_to_left} == {"ar", "he"}
