"""Making documents: asked for in the transaction of the fact, printed and mailed by jobs."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from billing import archive
from billing.documents import typesetting
from billing.documents.content import Content, Logo
from billing.documents.letters import Letter, letter_about
from billing.internal._document_content import content_of_credit_note, content_of_invoice, content_of_receipt
from billing.models import BillingSettings, CreditNote, Document, Invoice
from billing.selectors import DocumentView
from billing.selectors import _documents as printed
from billing.signals import InvoiceSent
from core import events, ids, tenancy
from core.actor import Actor
from jobs import services as jobs


@dataclass(frozen=True, kw_only=True)
class _Print:
    """Everything one document takes, read in one transaction."""

    kind: str
    subject: Invoice | CreditNote
    locale: str
    content: Content

    @property
    def path(self) -> str:
        return f"{tenancy.environment_id()}/{self.kind}/{self.subject.public_id}/{self.locale}.pdf"


@dataclass(frozen=True, kw_only=True)
class InvoiceLetter:
    """A mail about an invoice, with the document that goes with it."""

    to: str
    letter: Letter
    attachment: str
    pdf: bytes


@transaction.atomic
def order_invoice(invoice: str) -> None:
    """This function will have a finalized invoice (its public id) printed, and mailed where the settings say so."""
    row = Invoice.objects.get(pk=ids.decode("inv", invoice))
    _order(Document.Kind.INVOICE, row.id)
    policy = BillingSettings.objects.first()
    if policy is not None and policy.sends_invoices and printed.unsendable(row) is None:
        jobs.enqueue("billing.send_invoice", payload={"invoice_id": str(row.id)}, key=f"policy:{invoice}")


@transaction.atomic
def order_receipt(invoice: str) -> None:
    """This function will have the receipt of a paid invoice (its public id) printed, if any money was paid on it."""
    row = Invoice.objects.get(pk=ids.decode("inv", invoice))
    if row.paid_minor:
        _order(Document.Kind.RECEIPT, row.id)


@transaction.atomic
def order_credit_note(note: str) -> None:
    """This function will have a credit note (its public id) printed."""
    _order(Document.Kind.CREDIT_NOTE, ids.decode("crn", note))


def order_document(kind: str, subject_id: UUID, locale: str) -> None:
    """This function will have a document printed in a language of its own, in the caller's transaction."""
    _order(Document.Kind(kind), subject_id, locale)


def make_document(*, kind: str, subject_id: UUID, now: datetime, locale: str = "") -> DocumentView | None:
    """Print a document unless that has been done. Not to be called inside a transaction: it writes a file.

    This function will return the document; None where there is nothing to print, as no money was paid on the invoice.
    The file comes before the row: a crash in between leaves a file that the next run writes again, at the same place.

    :raises core.errors.NotFound: if the environment has no such invoice or credit note.
    """
    with transaction.atomic():
        made = printed.find_document(kind, subject_id, locale or None)
        wanted = None if made else _read(Document.Kind(kind), subject_id, locale)
    if made or wanted is None:
        return made
    pdf = typesetting.pdf(wanted.content, font_folders=settings.DOCUMENT_FONTS)
    archive.keep(wanted.path, pdf)
    return _record(wanted, pdf, now=now)


def write_invoice_letter(invoice_id: UUID, *, now: datetime, is_reminder: bool = False) -> InvoiceLetter | None:
    """This function will return the mail about an invoice, printing what goes with it; None where it has no sense.

    :raises core.errors.NotFound: if the environment has no such invoice.
    """
    with transaction.atomic():
        invoice = printed.get_final(invoice_id)
        if printed.unsendable(invoice) is not None:
            return None
        content = content_of_invoice(invoice, locale=printed.locale_of(invoice))
    document = make_document(kind=Document.Kind.INVOICE, subject_id=invoice_id, now=now)
    if document is None:
        return None
    return InvoiceLetter(
        to=invoice.customer_snapshot["email"],
        letter=letter_about(content, is_reminder=is_reminder),
        attachment=archive.file_name(content.number),
        pdf=archive.content(document.path),
    )


@transaction.atomic
def mark_invoice_sent(invoice_id: UUID, *, actor: Actor, now: datetime) -> None:
    """This function will publish that an invoice is in the mail."""
    invoice = Invoice.objects.get(pk=invoice_id)
    customer = ids.encode("cus", invoice.customer_id)
    events.publish(InvoiceSent(subject=invoice.public_id, actor=actor.label, at=now, customer=customer))


def _order(kind: Document.Kind, subject_id: UUID, locale: str = "") -> None:
    payload = {"kind": str(kind), "subject_id": str(subject_id), "locale": locale}
    jobs.enqueue("billing.render_document", payload=payload, key=f"{kind}:{subject_id}:{locale}")


def _read(kind: Document.Kind, subject_id: UUID, locale: str) -> _Print | None:
    subject = printed.get_printable(kind, subject_id)
    spoken = printed.normal_locale(locale or printed.locale_of(subject))
    content = _content(kind, subject, spoken, archive.find_logo(_logo(subject), tenancy.environment_id()))
    return None if content is None else _Print(kind=kind, subject=subject, locale=spoken, content=content)


def _content(kind: Document.Kind, subject: Invoice | CreditNote, locale: str, logo: Logo | None) -> Content | None:
    if isinstance(subject, CreditNote):
        return content_of_credit_note(subject, locale=locale, logo=logo)
    if kind == Document.Kind.RECEIPT:
        return content_of_receipt(subject, locale=locale, logo=logo)
    return content_of_invoice(subject, locale=locale, logo=logo)


def _logo(subject: Invoice | CreditNote) -> str:
    return subject.issuer_snapshot.get("logo") or ""


@transaction.atomic
def _record(made: _Print, pdf: bytes, *, now: datetime) -> DocumentView | None:
    note = made.subject if isinstance(made.subject, CreditNote) else None
    invoice = made.subject if isinstance(made.subject, Invoice) else None
    row = Document(
        kind=made.kind, invoice=invoice, credit_note=note, locale=made.locale, path=made.path,
        sha256=hashlib.sha256(pdf).hexdigest(), size=len(pdf), created_at=now,
    )  # fmt: skip
    # Whoever printed it at the same time wrote the same file; the unique index keeps one row.
    Document.objects.bulk_create([row], ignore_conflicts=True)
    return printed.find_document(made.kind, made.subject.id, made.locale)
