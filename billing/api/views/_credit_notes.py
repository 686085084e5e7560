"""Credit notes over HTTP."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from billing import services
from billing.api.filters import CreditNoteFilters
from billing.api.serializers import (
    CreateCreditNote,
    CreditNoteBody,
    DocumentLinkBody,
    DocumentOrderedBody,
    PrintDocument,
)
from billing.api.views import _printed
from billing.models import CreditNote
from core import clock
from core.http.approvals import ApprovalBody, approval_body
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, accepted, created


class CreditNotes(Listed, Retrieved, Resource):
    """What was taken back of invoices; the newest first."""

    scope = "credit-notes"
    prefix = "crn"
    customer_field = "customer_id"
    audience = EVERY_SECRET_HOLDER | {"customer"}
    audiences = {"create": EVERY_SECRET_HOLDER, "print_pdf": EVERY_SECRET_HOLDER}
    step_up = ("create",)
    serializer_class = CreditNoteBody
    filterset_class = CreditNoteFilters
    request_bodies = {"create": CreateCreditNote, "print_pdf": PrintDocument}
    responses = {
        "create": {201: CreditNoteBody, 202: ApprovalBody},
        "pdf": DocumentLinkBody, "print_pdf": {202: DocumentOrderedBody},
    }  # fmt: skip

    @property
    def query_parameters(self) -> Iterable[str]:  # type: ignore[override]
        """The parameters of the current action."""
        return ("locale",) if self.action == "pdf" else ()

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's credit notes with their lines fetched."""
        return CreditNote.objects.prefetch_related("lines")

    def create(self, request: Request) -> Response:
        """This function will take an invoice or a part of it back, and answer where that went."""
        body = CreateCreditNote.parse(request)
        note = services.credit_or_ask(
            **body, key=request.headers["Idempotency-Key"], actor=request.actor, now=clock.now()
        )
        if not isinstance(note, CreditNote):
            return accepted(approval_body(note))
        return created(CreditNoteBody.of(self.get_queryset().get(pk=note.pk)))

    @action(detail=True, methods=["get"])
    def pdf(self, request: Request, pk: str) -> Response:
        """This function will answer a link to the printed credit note."""
        return _printed.link(self, "credit_note")

    @pdf.mapping.post
    def print_pdf(self, request: Request, pk: str) -> Response:
        """This function will have the credit note printed in another language."""
        return _printed.order(self, "credit_note")
