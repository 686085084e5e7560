"""The mail that brings a document: plain text in the document's language, made of the words that stand on it."""

from collections.abc import Iterator
from dataclasses import dataclass

from billing.documents import formats
from billing.documents.content import Content
from billing.documents.wording import words_of


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A subject of one line, and the text."""

    subject: str
    text: str


def letter_about(content: Content, *, is_reminder: bool = False) -> Letter:
    """This function will write the mail to go with a document, or the one that reminds of it."""
    title = _title(content, is_reminder=is_reminder)
    subject = f"{content.issuer.name}: {title} {content.number}"
    return Letter(subject=" ".join(subject.split()), text="\n".join(_text(content)) + "\n")


def _title(content: Content, *, is_reminder: bool) -> str:
    words = words_of(formats.locale_of(content.locale))
    return f"{words['reminder']} – {words[content.kind]}" if is_reminder else words[content.kind]


def _text(content: Content) -> Iterator[str]:
    locale = formats.locale_of(content.locale)
    words = words_of(locale)
    yield f"{words[content.kind]}: {content.number}"
    yield f"{words['date']}: {formats.day(content.issued_on, locale)}"
    if content.due_on:
        yield f"{words['due_date']}: {formats.day(content.due_on, locale)}"
    yield f"{words['total']}: {formats.amount(content.total_minor, content.currency, locale)}"
    if content.settlement.due_minor is not None:
        yield f"{words['amount_due']}: {formats.amount(content.settlement.due_minor, content.currency, locale)}"
    if content.payment_url:
        yield f"\n{words['pay_online']}: {content.payment_url}"
    yield f"\n{content.issuer.name}"
