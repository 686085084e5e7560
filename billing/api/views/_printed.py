"""What is printed of invoices and credit notes, over HTTP."""

from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from billing import selectors, services
from billing.api.serializers import DocumentLinkBody, DocumentOrderedBody, PrintDocument
from core import clock, errors
from core.http import refusals
from core.http.views import Request, accepted, ok


def link(view: Any, kind: str) -> Response:
    """This function will answer a link to a document of the view's row, in the language of the parameter `locale`.

    :raises core.errors.NotFound: also for somebody else's row.
    :raises billing.selectors.DocumentPending: while there is none; another language is printed on request only.
    """
    _check_visible(view)
    found = selectors.get_document_link(kind, view.key, now=clock.now(), locale=_locale(view.request))
    return ok(DocumentLinkBody.of(found))


def order(view: Any, kind: str) -> Response:
    """This function will have a document of the view's row printed in the language that the body names."""
    locale = PrintDocument.parse(view.request)["locale"]
    subject_id: UUID = view.key
    services.request_document(
        kind=kind, subject_id=subject_id, locale=locale, actor=view.request.actor, now=clock.now()
    )
    return accepted(DocumentOrderedBody.of({"kind": kind, "locale": locale}))


def _check_visible(view: Any) -> None:
    if not view.rows().filter(pk=view.key).exists():
        raise errors.NotFound


def _locale(request: Request) -> str | None:
    text = request.query_params.get("locale")
    try:
        return None if text is None else PrintDocument().fields["locale"].run_validation(text)
    except ValidationError:
        raise refusals.InvalidParameter("The value of locale is not valid.", parameter="locale") from None
