"""A document's content as the texts that the template sets, in their order: every number written, every word chosen."""

import re
from collections.abc import Iterator
from typing import Any, Final
from unicodedata import bidirectional

from babel import Locale

from billing.documents import formats
from billing.documents.content import Content, Kind, Line, Party, TaxId
from billing.documents.wording import Words, words_of

Row = tuple[str, str]
# A label, an amount, and whether it stands out.
Sum = tuple[str, str, bool]

# Where people print on Letter.
_LETTER: Final = frozenset({"US", "CA", "MX", "PH", "CO", "CL", "VE"})
_LINKS: Final = ("https://", "http://")
# What turns the direction of text around, so that "moc" reads "com".
_OVERRIDES: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Control characters, lone surrogates and code points that are no characters have no picture in any font.
_UNPRINTABLE: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# A word longer than any column may break after these many letters.
_LONG_WORD: Final = re.compile(r"\S{24}(?=\S)")


def laid_out(content: Content) -> dict[str, Any]:
    """This function will return what the template prints, as plain JSON."""
    cleaned: dict[str, Any] = _cleaned(_Layout(content).document())
    return cleaned


class _Layout:
    def __init__(self, content: Content) -> None:
        self.content = content
        self.locale: Locale = formats.locale_of(content.locale)
        self.words: Words = words_of(self.locale)

    def document(self) -> dict[str, Any]:
        content, words = self.content, self.words
        language, _, script = words.language.partition("_")
        return {
            "language": language,
            "script": script,
            "paper": "us-letter" if self.locale.territory in _LETTER else "a4",
            "title": words[content.kind],
            "number": self._own(content.number),
            "issuer": self._party(content.issuer),
            "customer": self._party(content.customer),
            "bill_to": words["bill_to"],
            "facts": [*self._facts()],
            "head": self._head(),
            "rows": [self._row(line) for line in content.lines],
            "sums": [*self._sums()],
            "due": self._due(),
            "taxes": self._taxes(),
            "remark": words["reverse_charge"] if any(tax.is_reverse_charge for tax in content.taxes) else "",
            "notes": {"label": words["notes"], "text": self._own(content.notes)},
            "pay": {"label": words["pay_online"], "url": self._payment_url()},
            "footer": self._own(content.footer),
            "page": f"{self._own(content.number)} · {words['page']}",
        }

    def _payment_url(self) -> str:
        url = self.content.payment_url.strip()
        return url if url.startswith(_LINKS) else ""

    def _party(self, party: Party) -> dict[str, Any]:
        numbers = [f"{self._registration(one)} {self._own(one.value)}" for one in party.tax_ids]
        lines = [*map(self._own, party.address), *numbers, *filter(None, [self._own(party.email)])]
        return {"name": self._own(party.name), "lines": lines}

    def _registration(self, tax_id: TaxId) -> str:
        return self.words["vat_id" if tax_id.type.endswith("_vat") else "tax_id"]

    def _facts(self) -> Iterator[Row]:
        content, words = self.content, self.words
        yield words["number"], self._own(content.number)
        yield words["date"], formats.day(content.issued_on, self.locale)
        if content.invoice_number and content.invoice_number != content.number:
            yield words["invoice_number"], self._own(content.invoice_number)
        if content.due_on:
            yield words["due_date"], formats.day(content.due_on, self.locale)
        period = formats.days(content.period_from, content.period_to, self.locale)
        if period:
            yield words["period"], period
        if content.reason:
            yield words["reason"], words.reasons.get(content.reason) or self._own(content.reason)
        yield words["currency"], content.currency

    def _head(self) -> list[str]:
        return [self.words[name] for name in ("description", "quantity", "unit_price", "tax", "amount")]

    def _row(self, line: Line) -> dict[str, str]:
        price = line.unit_amount
        return {
            "description": self._own(line.description),
            "period": formats.days(line.period_from, line.period_to, self.locale),
            "quantity": "" if line.quantity is None else formats.quantity(line.quantity, self.locale),
            "unit_price": "" if price is None else formats.unit_price(price, self.content.currency, self.locale),
            "tax": formats.percentages(line.rates, self.locale),
            "amount": self._amount(line.amount_minor),
        }

    def _sums(self) -> Iterator[Sum]:
        content, words = self.content, self.words
        yield words["subtotal"], self._amount(content.subtotal_minor), False
        for discount in content.discounts:
            label = ": ".join(filter(None, [words["discount"], self._own(discount.description)]))
            yield label, self._amount(-discount.amount_minor), False
        if content.tax_minor and not content.taxes_included:
            yield words["tax"], self._amount(content.tax_minor), False
        yield words["total"], self._amount(content.total_minor), True
        if content.tax_minor and content.taxes_included:
            yield words["included"].replace("{tax}", words["tax"]), self._amount(content.tax_minor), False
        for label, minor in self._settled():
            yield label, self._amount(minor), False

    def _settled(self) -> Iterator[tuple[str, int]]:
        settled, words = self.content.settlement, self.words
        went = (
            ("credits_applied", -settled.credits_minor), ("wallet_applied", -settled.wallet_minor),
            ("taken_off", settled.off_due_minor), ("refunded", settled.refund_minor),
            ("to_wallet", settled.to_wallet_minor), ("elsewhere", settled.elsewhere_minor),
        )  # fmt: skip
        yield from ((words[label], minor) for label, minor in went if minor)
        for paid in settled.payments:
            yield words["paid_on"].replace("{date}", formats.day(paid.on, self.locale)), -paid.amount_minor

    def _due(self) -> Row | None:
        """Return the last sum, the one that somebody looks for: what is to be paid, or what has been."""
        settled = self.content.settlement
        if self.content.kind == Kind.RECEIPT:
            return self.words["amount_paid"], self._amount(sum(paid.amount_minor for paid in settled.payments))
        if settled.due_minor is None:
            return None
        return self.words["amount_due"], self._amount(settled.due_minor)

    def _taxes(self) -> dict[str, Any] | None:
        if not self.content.taxes:
            return None
        head = [self.words[name] for name in ("tax", "tax_rate", "tax_base", "tax_amount")]
        return {
            "head": head,
            "rows": [
                [self._own(tax.name), formats.percentage(tax.percentage, self.locale), self._amount(tax.base_minor),
                 self._amount(tax.tax_minor)]
                for tax in self.content.taxes
            ],
        }  # fmt: skip

    def _own(self, text: str) -> str:
        """Return somebody's text, each line in its own direction wherever that is not the document's."""
        plain = _OVERRIDES.sub("", text.replace("\r\n", "\n"))
        return "\n".join(_isolated(line, self.words.is_right_to_left) for line in plain.split("\n"))

    def _amount(self, minor: int) -> str:
        return formats.amount(minor, self.content.currency, self.locale)


def _isolated(line: str, right_to_left: bool) -> str:
    foreign = {"L"} if right_to_left else {"R", "AL"}
    if foreign.isdisjoint(map(bidirectional, line)):
        return line
    return f"\N{FIRST STRONG ISOLATE}{line}\N{POP DIRECTIONAL ISOLATE}"


def _cleaned(value: Any) -> Any:
    """Return the same structure with every text printable, and breakable where a word is too long for its column."""
    if isinstance(value, str):
        text = _UNPRINTABLE.sub(" ", value)
        return text if text.startswith(_LINKS) else _LONG_WORD.sub("\\g<0>\N{ZERO WIDTH SPACE}", text)
    if isinstance(value, dict):
        return {key: _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, (list, tuple)) else value
