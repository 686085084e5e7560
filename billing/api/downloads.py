"""Reading a document under a signed link. The link is the whole credential: no key, no session."""

from typing import Final

from django.db import transaction
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase

from billing import archive, selectors
from core import clock, errors, problems, tenancy
from core.http import refusals
from core.models import scope_of

# A signed token is shorter; whatever is longer is not one.
LONGEST_TOKEN: Final = 512


def document(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """This function will answer the PDF of a link that is genuine and has not expired, else 404."""
    try:
        return _answer(request, public_id)
    except errors.Refusal as refusal:
        return problems.response(problems.of(refusal))


def _answer(request: HttpRequest, public_id: str) -> HttpResponseBase:
    if request.method not in ("GET", "HEAD"):
        raise refusals.MethodNotAllowed
    ticket = archive.ticket_of(request.GET.get("token", "")[:LONGEST_TOKEN])
    with tenancy.scope(scope_of(ticket.environment_id)), transaction.atomic():
        found = selectors.get_linked_document(ticket, now=clock.now())
    if found.public_id != public_id:
        raise errors.NotFound
    try:
        file = archive.opened(found.path)
    except archive.DocumentFileMissing:
        raise errors.NotFound from None
    response = FileResponse(file, content_type="application/pdf")
    response.headers["Content-Length"] = str(found.size)
    response.headers["Content-Disposition"] = archive.disposition(found.number)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
