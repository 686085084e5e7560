"""The PDF itself: readable, inert, archival, and always the same bytes."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.documents import typesetting
from billing.documents.content import Kind, Logo, Party, Settlement
from billing.tests.documents.contents import content, line, png, printed, text_of
from tests.house import ROOT

MARKUP = (
    '#panic("x")', "$x^2$", "*bold*", "_it_", "\\", "<script>alert(1)</script>", "{{7*7}}", "`code`", "@ref",
    "[x]", "= Title", "// no", "/* no */", '#import "/etc/passwd"', "#{", '"', "'", "~", "---", "${7*7}",
)  # fmt: skip


def test_an_invoice_says_who_what_and_how_much() -> None:
    text = text_of(content(notes="Thank you.", payment_url="https://pay.example.com/1", footer="HRB 12345"))
    expected = (
        "Invoice", "INV-202601-00042", "15 Jan 2026", "14 Feb 2026", "Perennial Software GmbH", "DE129274202",
        "Ada Example Ltd", "Team plan", "€15.00", "19%", "€192.78", "Amount due", "€180.00", "Thank you.",
        "https://pay.example.com/1", "HRB 12345", "Page 1 of 1",
    )  # fmt: skip
    assert [one for one in expected if one not in text] == []


@pytest.mark.parametrize(
    ("kind", "title"),
    [(Kind.INVOICE, "Rechnung"), (Kind.CREDIT_NOTE, "Rechnungskorrektur"), (Kind.RECEIPT, "Zahlungsbeleg")],
)
def test_each_kind_has_its_title(kind: Kind, title: str) -> None:
    reader = printed(content(kind=kind, locale="de", settlement=Settlement()))
    assert reader.metadata is not None
    assert reader.metadata.title == f"{title} INV-202601-00042"
    assert reader.metadata.author == "Perennial Software GmbH"


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_printed_and_not_obeyed(text: str) -> None:
    marked = content(
        customer=Party(name=text, address=(text,)), issuer=Party(name=text), lines=(line(description=text),),
        notes=text, footer=text, number=text, reason=text,
    )  # fmt: skip
    assert text_of(marked).count(text) >= 7


def test_the_same_content_is_the_same_bytes() -> None:
    assert typesetting.pdf(content()) == typesetting.pdf(content())
    assert typesetting.pdf(content()) != typesetting.pdf(content(number="INV-2"))


def test_another_process_at_another_time_makes_the_same_bytes() -> None:
    script = (
        "import hashlib;"
        "from billing.documents import typesetting;"
        "from billing.tests.documents.contents import content;"
        "print(hashlib.sha256(typesetting.pdf(content())).hexdigest())"
    )
    zones = ({"TZ": "UTC"}, {"TZ": "Pacific/Kiritimati"})
    ran = [
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=zone, capture_output=True, text=True, check=True)
        for zone in zones
    ]
    assert len({one.stdout for one in ran}) == 1
    assert len(ran[0].stdout.strip()) == 64


def test_the_files_own_date_is_the_instant_of_issue() -> None:
    at = datetime(2026, 1, 15, 12, 30, 45, 678901, tzinfo=UTC)
    reader = printed(content(issued_at=at))
    assert reader.metadata is not None
    assert reader.metadata.creation_date == at.replace(microsecond=0)
    assert typesetting.pdf(content(issued_at=at)) != typesetting.pdf(content(issued_at=at + timedelta(seconds=1)))


def test_a_document_is_archival_and_accessible() -> None:
    made = typesetting.pdf(content())
    assert b"<pdfaid:part>3" in made
    assert b"<pdfaid:conformance>A" in made
    assert b"<pdfuaid:part>1" in made


def test_a_letter_that_no_font_has_does_not_stop_the_invoice() -> None:
    odd = content(customer=Party(name="Ada \U000e1234\U0010fff0 Ltd"))
    made = typesetting.pdf(odd)
    assert made.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>" not in made
    assert "Ltd" in text_of(odd)
    assert made == typesetting.pdf(odd)


@pytest.mark.parametrize(
    "name",
    [
        "Ελληνική Εταιρεία", "Общество с ограниченной", "Zażółć gęślą jaźń", "شركة النخيل", "עדה בע״מ",
        "株式会社ペレニアル", "北京示例科技有限公司", "臺灣範例股份有限公司", "한국 주식회사", "บริษัท ตัวอย่าง",
        "हिन्दी कंपनी",
    ],
)  # fmt: skip
def test_names_of_many_scripts_need_no_font_of_the_machine(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(typesetting, "_WAYS", typesetting._WAYS[:1])
    # PDF/A forbids a letter without a picture, so an archival file has them all.
    assert b"<pdfaid:part>3" in typesetting.pdf(content(customer=Party(name=name)))


@pytest.mark.parametrize("locale", ["ar", "he", "ja", "zh", "zh-TW", "pl", "fr"])
def test_every_language_prints(locale: str) -> None:
    assert b"<pdfaid:part>3" in typesetting.pdf(content(locale=locale))


def test_many_lines_take_many_pages_each_with_the_heads_of_the_columns() -> None:
    lines = tuple(line(description=f"Position {at}, " + "which is long " * (at % 7)) for at in range(300))
    pages = [page.extract_text() for page in printed(content(lines=lines)).pages]
    assert len(pages) > 8
    assert all("Description" in page for page in pages[:-1])
    assert all(f"Page {at} of {len(pages)}" in page for at, page in enumerate(pages, start=1))
    whole = " ".join(pages)
    assert all(f"Position {at}," in whole for at in range(300))
    assert "Amount due" in pages[-1]


def test_long_texts_and_words_are_all_there() -> None:
    words = "Lorem ipsum dolor sit amet " * 60
    unbroken = "x" * 500
    text = text_of(content(lines=(line(description=words), line(description=unbroken)), notes=words))
    assert text.count("dolor") == 120
    assert text.replace("\u200b", "").replace(" ", "").count("x") >= 500


def test_the_largest_amounts_fit() -> None:
    most = 2**63 - 1
    lines = (line(amount_minor=-most, unit_amount=Decimal("123456789012345678.123456789012")),)
    text = text_of(content(lines=lines, subtotal_minor=most, total_minor=most, tax_minor=0, taxes=(), discounts=()))
    assert "-€92,233,720,368,547,758.07" in text.replace(" ", "")


@pytest.mark.parametrize(
    ("currency", "shown"), [("JPY", "JP¥18,000"), ("KWD", "KWD 18.000"), ("CLF", "CLF 1.8000"), ("USD", "US$180.00")]
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, shown: str) -> None:
    assert shown in text_of(content(currency=currency))


def test_a_negative_line_shows_its_minus() -> None:
    assert "-€4.83" in text_of(content(lines=(line(amount_minor=-483, quantity=Decimal(1)),)))


def test_a_logo_is_printed() -> None:
    with_logo = printed(content(logo=Logo(format="png", data=png())))
    assert len(with_logo.pages[0].images) == 1
    assert len(printed(content()).pages[0].images) == 0


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\nbroken", b"not a picture"])
def test_a_logo_that_cannot_be_read_is_left_out(data: bytes) -> None:
    made = typesetting.pdf(content(logo=Logo(format="png", data=data)))
    assert made == typesetting.pdf(content())


def test_a_page_can_be_looked_at() -> None:
    assert [one[:8] for one in typesetting.pictures(content())] == [b"\x89PNG\r\n\x1a\n"]
