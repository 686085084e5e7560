"""Answers about printed documents: which there are, and the links under which they are read."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Q

from billing import archive
from billing.archive import Ticket
from billing.documents import formats
from billing.models import CreditNote, Document, Invoice
from core import errors, tenancy

Row = TypeVar("Row", Invoice, CreditNote)


class DocumentPending(errors.Conflict):
    code = "document_pending"
    title = "The document is still being printed."


class InvoiceNotFinal(errors.Conflict):
    code = "invoice_not_final"
    title = "The invoice is a draft: it has no document before it is finalized."


class NothingPaid(errors.Conflict):
    code = "nothing_paid"
    title = "No money was paid on the invoice, so there is no receipt."


@dataclass(frozen=True, kw_only=True)
class DocumentView:
    """A printed document as others know it; `number` is what it is called by, `size` is in bytes."""

    id: UUID
    public_id: str
    environment_id: UUID
    kind: str
    locale: str
    number: str
    path: str
    sha256: str
    size: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class DocumentLink:
    """Where a document is read until `expires_at`, by whoever has the link."""

    url: str
    expires_at: datetime
    sha256: str
    size: int


def get_document_link(kind: str, subject_id: UUID, *, now: datetime, locale: str | None = None) -> DocumentLink:
    """This function will return a link to the document of an invoice (`invoice`, `receipt`) or of a `credit_note`.

    Without a locale it is the document in the language of the one who issued it.

    :raises core.errors.NotFound: if the environment has no such invoice or credit note.
    :raises InvoiceNotFinal: for a draft.
    :raises NothingPaid: for the receipt of an invoice that is not paid, or not with money.
    :raises DocumentPending: while it is being printed.
    """
    subject = get_printable(kind, subject_id)
    found = _document(kind, subject, locale)
    if found is None:
        raise DocumentPending(kind=kind, locale=normal_locale(locale or locale_of(subject)))
    return _link(found, now)


def find_document_link(kind: str, subject_id: UUID, *, now: datetime) -> DocumentLink | None:
    """This function will return a link to a document, or None while there is none; for pages that show it if it is."""
    try:
        return get_document_link(kind, subject_id, now=now)
    except errors.Refusal:
        return None


def find_document(kind: str, subject_id: UUID, locale: str | None = None) -> DocumentView | None:
    """This function will return a document that has been printed, or None.

    :raises core.errors.NotFound: if the environment has no such invoice or credit note.
    """
    subject = Invoice if kind != Document.Kind.CREDIT_NOTE else CreditNote
    row = subject.objects.filter(pk=subject_id).first()
    if row is None:
        raise errors.NotFound
    return _document(kind, row, locale)


def get_linked_document(ticket: Ticket, *, now: datetime) -> DocumentView:
    """This function will return the document of a ticket, in the scope of the ticket's environment.

    :raises core.errors.NotFound: if the ticket has expired, or belongs to another environment.
    """
    if now >= ticket.expires_at or ticket.environment_id != tenancy.environment_id():
        raise errors.NotFound
    row = Document.objects.select_related("invoice", "credit_note").filter(pk=ticket.document_id).first()
    if row is None:
        raise errors.NotFound
    return _view(row, row.credit_note or row.invoice)


def get_printable(kind: str, subject_id: UUID) -> Invoice | CreditNote:
    """This function will return the row that a document is about, if there is something to print.

    :raises core.errors.NotFound: if the environment has no such invoice or credit note.
    :raises InvoiceNotFinal: for a draft.
    :raises NothingPaid: for the receipt of an invoice that is not paid, or not with money.
    """
    if kind == Document.Kind.CREDIT_NOTE:
        return _found(CreditNote.objects.filter(pk=subject_id).first())
    invoice = get_final(subject_id)
    if kind == Document.Kind.RECEIPT and not (invoice.state == Invoice.State.PAID and invoice.paid_minor):
        raise NothingPaid(state=invoice.state)
    return invoice


def get_final(invoice_id: UUID) -> Invoice:
    """This function will return an invoice that has its number.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises InvoiceNotFinal: for a draft.
    """
    invoice = _found(Invoice.objects.filter(pk=invoice_id).first())
    if invoice.state == Invoice.State.DRAFT:
        raise InvoiceNotFinal
    return invoice


def unsendable(invoice: Invoice) -> str | None:
    """This function will return why an invoice is not mailed: `draft`, `void`, `zero` or `no_address`; else None."""
    reasons = {
        "draft": invoice.state == Invoice.State.DRAFT,
        "void": invoice.state == Invoice.State.VOID,
        "zero": invoice.total_minor == 0,
        "no_address": not invoice.customer_snapshot.get("email"),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def locale_of(subject: Invoice | CreditNote) -> str:
    """This function will return the locale in which a document is printed unless somebody asks for another."""
    return normal_locale(subject.issuer_snapshot.get("locale") or formats.FALLBACK)


def normal_locale(locale: str) -> str:
    """This function will return the one way in which a locale is written down here: `en-gb` is `en_GB`."""
    return str(formats.locale_of(locale))


def _found(row: Row | None) -> Row:
    if row is None:
        raise errors.NotFound
    return row


def _document(kind: str, subject: Invoice | CreditNote, locale: str | None) -> DocumentView | None:
    about = Q(credit_note=subject) if isinstance(subject, CreditNote) else Q(invoice=subject)
    row = Document.objects.filter(about, kind=kind, locale=normal_locale(locale or locale_of(subject))).first()
    return None if row is None else _view(row, subject)


def _view(row: Document, subject: Invoice | CreditNote | None) -> DocumentView:
    return DocumentView(
        id=row.id, public_id=row.public_id, environment_id=tenancy.environment_id(), kind=row.kind, locale=row.locale,
        number=(subject.number if subject else None) or row.public_id, path=row.path, sha256=row.sha256, size=row.size,
        created_at=row.created_at,
    )  # fmt: skip


def _link(document: DocumentView, now: datetime) -> DocumentLink:
    expires_at = now + archive.LIFETIME
    ticket = Ticket(environment_id=document.environment_id, document_id=document.id, expires_at=expires_at)
    url = archive.link(ticket, public_id=document.public_id, path=document.path, name=document.number)
    return DocumentLink(url=url, expires_at=expires_at, sha256=document.sha256, size=document.size)
