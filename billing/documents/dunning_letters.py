"""The mails of dunning: what happened to a payment and what comes next, in the language of the invoice."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale

from billing.documents import formats
from billing.documents.letters import Letter
from billing.documents.wording import words_of

_FOLDER: Final = Path(__file__).parent / "notices"
# After these nothing more is asked of the customer.
_DONE: Final = ("recovered", "exhausted")


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a mail tells: `about` is its sentence, by its key in `notices/`; days are the customer's."""

    about: str
    issuer: str
    number: str
    currency: str
    due_minor: int
    retry_on: date | None = None
    is_hard: bool = False
    use_until: date | None = None
    payment_url: str = ""


def letter_of(notice: Notice, locale: Locale) -> Letter:
    """This function will write the mail."""
    sentences, words = sentences_of(locale), words_of(locale)
    title = sentences.get(f"title_{notice.about}", sentences["title_declined"])
    subject = f"{notice.issuer}: {title} – {words['invoice']} {notice.number}"
    return Letter(subject=" ".join(subject.split()), text="\n".join(_text(notice, locale)) + "\n")


def _text(notice: Notice, locale: Locale) -> Iterator[str]:
    sentences, words = sentences_of(locale), words_of(locale)
    yield sentences[notice.about]
    yield f"\n{words['invoice']}: {notice.number}"
    if notice.about != "recovered":
        yield f"{words['amount_due']}: {formats.amount(notice.due_minor, notice.currency, locale)}"
    if notice.about not in _DONE:
        yield from _what_comes(notice, sentences, locale)
    if notice.payment_url and notice.about != "recovered":
        yield f"\n{words['pay_online']}: {notice.payment_url}"
    yield f"\n{notice.issuer}"


def _what_comes(notice: Notice, sentences: Mapping[str, str], locale: Locale) -> Iterator[str]:
    if notice.retry_on:
        yield "\n" + sentences["retry_on"].format(date=formats.day(notice.retry_on, locale))
    elif notice.is_hard:
        yield "\n" + sentences["no_retry"]
    if notice.use_until:
        yield sentences["use_until"].format(date=formats.day(notice.use_until, locale))
    yield sentences["update"]


def sentences_of(locale: Locale) -> Mapping[str, str]:
    """This function will return the sentences in the language whose words a document of the locale would have."""
    return _read(words_of(locale).language)


@cache
def _read(language: str) -> Mapping[str, str]:
    return tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
