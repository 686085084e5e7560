"""Links to documents: they open one document of one environment for a day, and nothing else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.storage import storages
from django.test import Client

from billing import archive, internal, selectors
from billing.archive import Ticket
from billing.models import Document
from billing.selectors import DocumentLink
from billing.tests.documents.rows import credit_note, draft
from billing.tests.factories import AT, issue, settle
from core import errors, ids, tenancy
from core.tenancy import Scope

pytestmark = pytest.mark.django_db


def printed(**known: Any) -> DocumentLink:
    """A link to the invoice of a finalized invoice."""
    invoice = issue(**known)
    internal.make_document(kind="invoice", subject_id=invoice.id, now=AT)
    return selectors.get_document_link("invoice", invoice.id, now=AT)


def fetch(url: str, method: str = "get") -> Any:
    """What a stranger gets who has the link and nothing else."""
    parts = urlsplit(url)
    return getattr(Client(), method)(f"{parts.path}?{parts.query}")


def body_of(response: Any) -> bytes:
    """The whole answer."""
    return b"".join(response.streaming_content)


def problem(response: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def test_whoever_has_the_link_reads_the_document(freeze: Callable[[datetime], None]) -> None:
    freeze(AT)
    link = printed()
    response = fetch(link.url)
    body = body_of(response)
    assert response.status_code == 200
    assert body.startswith(b"%PDF")
    assert len(body) == link.size == int(response.headers["Content-Length"])
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"].startswith('inline; filename="INV-')
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_link_ends_after_exactly_a_day(freeze: Callable[[datetime], None]) -> None:
    freeze(AT)
    link = printed()
    assert link.expires_at == AT + timedelta(hours=24)
    freeze(link.expires_at - timedelta(microseconds=1))
    assert fetch(link.url).status_code == 200
    freeze(link.expires_at)
    assert problem(fetch(link.url)) == (404, "not_found")


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=x", "?token=" + "A" * 10_000, "?token=%00", "?token=a:b&token=c", "?Token=x"]
)
def test_without_a_genuine_token_there_is_nothing(query: str) -> None:
    path = urlsplit(printed().url).path
    assert problem(Client().get(f"{path}{query}")) == (404, "not_found")


def test_a_token_opens_no_other_document(freeze: Callable[[datetime], None]) -> None:
    freeze(AT)
    one, other = urlsplit(printed().url), urlsplit(printed().url)
    assert problem(Client().get(f"{other.path}?{one.query}")) == (404, "not_found")
    assert problem(Client().get(f"/documents/doc_nonsense?{one.query}")) == (404, "not_found")


def test_a_token_of_one_environment_opens_nothing_of_another(
    freeze: Callable[[datetime], None], environment: Scope, live_environment: Scope
) -> None:
    freeze(AT)
    link = printed()
    document = Document.objects.get()
    wrong = Ticket(
        environment_id=live_environment.environment_id, document_id=document.id, expires_at=AT + timedelta(days=90_000)
    )
    url = archive.link(wrong, public_id=document.public_id, path=document.path, name="x")
    assert problem(fetch(url)) == (404, "not_found")
    with tenancy.scope(live_environment), pytest.raises(errors.NotFound):
        ticket = archive.ticket_of(parse_qs(urlsplit(link.url).query)["token"][0])
        selectors.get_linked_document(ticket, now=AT)
    nowhere = Ticket(environment_id=ids.new(), document_id=document.id, expires_at=AT + timedelta(days=90_000))
    assert problem(fetch(archive.link(nowhere, public_id="doc_1", path="", name=""))) == (404, "not_found")


def test_a_document_whose_file_is_gone_is_not_found(freeze: Callable[[datetime], None]) -> None:
    freeze(AT)
    link = printed()
    storages["documents"].delete(Document.objects.get().path)
    assert problem(fetch(link.url)) == (404, "not_found")


def test_a_link_is_only_read(freeze: Callable[[datetime], None]) -> None:
    freeze(AT)
    link = printed()
    assert fetch(link.url, "head").status_code == 200
    for method in ("post", "put", "delete"):
        assert problem(fetch(link.url, method))[0] == 405
    assert Document.objects.count() == 1


def test_a_document_that_is_not_there_yet_is_pending() -> None:
    invoice = issue()
    with pytest.raises(selectors.DocumentPending) as refused:
        selectors.get_document_link("invoice", invoice.id, now=AT)
    assert refused.value.members == {"kind": "invoice", "locale": "en"}
    assert selectors.find_document_link("invoice", invoice.id, now=AT) is None


def test_there_is_no_link_to_what_is_never_printed() -> None:
    with pytest.raises(selectors.InvoiceNotFinal):
        selectors.get_document_link("invoice", draft().id, now=AT)
    with pytest.raises(selectors.NothingPaid):
        selectors.get_document_link("receipt", issue().id, now=AT)
    for kind in ("invoice", "receipt", "credit_note"):
        with pytest.raises(errors.NotFound):
            selectors.get_document_link(kind, ids.new(), now=AT)


def test_invoice_receipt_and_credit_note_have_links_of_their_own() -> None:
    invoice = issue(10000)
    note = credit_note(invoice, 1000)
    settle(invoice, 9000)
    wanted = (("invoice", invoice.id), ("receipt", invoice.id), ("credit_note", note.id))
    for kind, subject_id in wanted:
        internal.make_document(kind=kind, subject_id=subject_id, now=AT)
    links = {selectors.get_document_link(kind, subject_id, now=AT).url for kind, subject_id in wanted}
    assert len(links) == 3


def test_a_link_takes_two_queries(django_assert_num_queries: Any) -> None:
    invoice = issue()
    internal.make_document(kind="invoice", subject_id=invoice.id, now=AT)
    with django_assert_num_queries(2):
        selectors.get_document_link("invoice", invoice.id, now=AT)
