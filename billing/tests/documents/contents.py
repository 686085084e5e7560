"""Contents to print, for tests that need no database."""

import struct
import zlib
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from billing.documents import typesetting
from billing.documents.content import Content, Discount, Kind, Line, Party, Settlement, Tax, TaxId

ISSUER = Party(
    name="Perennial Software GmbH",
    address=("Lindenallee 12", "10115 Berlin", "Germany"),
    tax_ids=(TaxId(type="eu_vat", value="DE129274202"),),
)
CUSTOMER = Party(name="Ada Example Ltd", address=("12 High Street", "London SW1A 1AA", "United Kingdom"))


def png(side: int = 4) -> bytes:
    """A gray square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\x80" * side) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def line(**known: Any) -> Line:
    """Twelve seats of a month at 19 %."""
    fields: dict[str, Any] = {
        "description": "Team plan", "quantity": Decimal("12.000000000000"), "unit_amount": Decimal(15),
        "amount_minor": 18000, "rates": (Decimal("19.000000"),), "period_from": date(2026, 1, 1),
        "period_to": date(2026, 1, 31),
    }  # fmt: skip
    return Line(**fields | known)


def content(**known: Any) -> Content:
    """An invoice of 180.00 EUR less 10 %, with VAT and some credit used."""
    fields: dict[str, Any] = {
        "kind": Kind.INVOICE, "locale": "en-GB", "currency": "EUR", "number": "INV-202601-00042",
        "issued_at": datetime(2026, 1, 15, 12, tzinfo=UTC), "issued_on": date(2026, 1, 15),
        "due_on": date(2026, 2, 14), "issuer": ISSUER, "customer": CUSTOMER, "lines": (line(),),
        "subtotal_minor": 18000, "discounts": (Discount(description="WELCOME10", amount_minor=1800),),
        "taxes": (Tax(name="VAT", percentage=Decimal("19.000000"), base_minor=16200, tax_minor=3078),),
        "tax_minor": 3078, "total_minor": 19278,
        "settlement": Settlement(credits_minor=1000, wallet_minor=278, due_minor=18000),
    }  # fmt: skip
    return Content(**fields | known)


def printed(what: Content) -> PdfReader:
    """The PDF of a content."""
    return PdfReader(BytesIO(typesetting.pdf(what)))


def text_of(what: Content) -> str:
    """All text of the PDF, every run of spaces one space."""
    return " ".join(" ".join(page.extract_text() for page in printed(what).pages).split())
