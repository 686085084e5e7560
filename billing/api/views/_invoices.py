"""Invoices over HTTP."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from billing import services
from billing.api.filters import InvoiceFilters
from billing.api.serializers import (
    CreateInvoice,
    DocumentLinkBody,
    DocumentOrderedBody,
    GiveUpInvoice,
    InvoiceBody,
    PayInvoice,
    PaymentBody,
    PrintDocument,
    ProcessPayment,
    UpdateInvoice,
)
from billing.api.views import _printed
from billing.api.views._explained import EXPLAINED, Explained
from billing.models import CreditNote, Invoice
from core import clock, errors
from core.http.serializers import RequestBody
from core.http.views import (
    EVERY_SECRET_HOLDER,
    Listed,
    Request,
    Resource,
    Retrieved,
    accepted,
    created,
    no_content,
    ok,
)

EVERYBODY_WHO_PAYS = EVERY_SECRET_HOLDER | {"customer"}
# What a customer may do with his invoices: look at them, and pay.
FOR_EVERYBODY = frozenset({"list", "retrieve", "pay", "pdf", "receipt", "explain"})
PRINTED = frozenset({"pdf", "receipt"})
ORDERED = {202: DocumentOrderedBody}


class Invoices(Explained, Listed, Retrieved, Resource):
    """Invoices with their lines, discounts, taxes and credit notes; the newest first."""

    scope = "invoices"
    prefix = "inv"
    customer_field = "customer_id"
    audience = EVERY_SECRET_HOLDER
    audiences = dict.fromkeys(FOR_EVERYBODY, EVERYBODY_WHO_PAYS)
    serializer_class = InvoiceBody
    filterset_class = InvoiceFilters
    request_bodies = {
        "create": CreateInvoice, "partial_update": UpdateInvoice, "finalize": RequestBody, "pay": PayInvoice,
        "void": GiveUpInvoice, "uncollectible": GiveUpInvoice, "send": RequestBody, "print_pdf": PrintDocument,
        "print_receipt": PrintDocument,
    }  # fmt: skip
    responses = {
        "create": {201: InvoiceBody}, "destroy": {204: None}, "pay": {202: PaymentBody}, "send": {202: InvoiceBody},
        "pdf": DocumentLinkBody, "receipt": DocumentLinkBody, "print_pdf": ORDERED, "print_receipt": ORDERED,
        **EXPLAINED,
    }  # fmt: skip

    @property
    def query_parameters(self) -> Iterable[str]:  # type: ignore[override]
        """The parameters of the current action."""
        return ("locale",) if self.action in PRINTED else ()

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's invoices with what is shown of them fetched."""
        notes = CreditNote.objects.order_by("id").only("id", "environment_id", "invoice_id")
        return Invoice.objects.prefetch_related(
            "lines", "discounts", "taxes", Prefetch("credit_notes", queryset=notes)
        )  # fmt: skip

    def rows(self) -> QuerySet[Any]:
        """This function will return the invoices the actor may see: to a customer a draft says nothing yet."""
        rows: Any = super().rows()
        found: QuerySet[Any] = rows.finalized() if self.actor.is_customer else rows
        return found

    def create(self, request: Request) -> Response:
        """This function will bill a customer for what belongs to no agreement."""
        body = CreateInvoice.parse(request)
        invoice = services.create_invoice(
            **body, key=request.headers["Idempotency-Key"], actor=request.actor, now=clock.now()
        )
        return created(self._shown(invoice.id))

    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will change a draft."""
        changes = UpdateInvoice.parse(request)
        services.update_invoice(invoice_id=self.key, changes=changes, actor=request.actor, now=clock.now())
        return ok(self._shown(self.key))

    def destroy(self, request: Request, pk: str) -> Response:
        """This function will throw a draft away."""
        services.delete_invoice(invoice_id=self.key, actor=request.actor, now=clock.now())
        return no_content()

    @action(detail=True, methods=["post"])
    def finalize(self, request: Request, pk: str) -> Response:
        """This function will give a draft its number; afterwards only credit notes correct it."""
        RequestBody.parse(request)
        services.finalize_invoice(invoice_id=self.key, actor=request.actor, now=clock.now())
        return ok(self._shown(self.key))

    @action(detail=True, methods=["post"])
    def pay(self, request: Request, pk: str) -> Response:
        """This function will have what is due collected, and answer the payment."""
        body = PayInvoice.parse(request)
        _check_visible(self.rows(), self.key)
        payment = services.pay_invoice(invoice_id=self.key, actor=request.actor, now=clock.now(), **body)
        return accepted(PaymentBody.of(payment))

    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: str) -> Response:
        """This function will take an unpaid invoice back."""
        body = GiveUpInvoice.parse(request)
        services.void_invoice(invoice_id=self.key, actor=request.actor, now=clock.now(), **body)
        return ok(self._shown(self.key))

    @action(detail=True, methods=["post"])
    def uncollectible(self, request: Request, pk: str) -> Response:
        """This function will give up on an open invoice; money that comes all the same is taken."""
        body = GiveUpInvoice.parse(request)
        services.mark_uncollectible(invoice_id=self.key, actor=request.actor, now=clock.now(), **body)
        return ok(self._shown(self.key))

    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str) -> Response:
        """This function will have an invoice mailed to its customer."""
        RequestBody.parse(request)
        services.send_invoice(invoice_id=self.key, actor=request.actor, now=clock.now())
        return accepted(self._shown(self.key))

    @action(detail=True, methods=["get"])
    def pdf(self, request: Request, pk: str) -> Response:
        """This function will answer a link to the printed invoice."""
        return _printed.link(self, "invoice")

    @pdf.mapping.post
    def print_pdf(self, request: Request, pk: str) -> Response:
        """This function will have the invoice printed in another language."""
        return _printed.order(self, "invoice")

    @action(detail=True, methods=["get"])
    def receipt(self, request: Request, pk: str) -> Response:
        """This function will answer a link to the receipt of an invoice that was paid with money."""
        return _printed.link(self, "receipt")

    @receipt.mapping.post
    def print_receipt(self, request: Request, pk: str) -> Response:
        """This function will have the receipt printed in another language."""
        return _printed.order(self, "receipt")

    def _shown(self, invoice_id: Any) -> Any:
        return InvoiceBody.of(self.get_queryset().get(pk=invoice_id))


class Payments(Resource):
    """`POST /payments/process`: have an open invoice paid."""

    scope = "payments"
    customer_field = "customer_id"
    audience = EVERYBODY_WHO_PAYS
    serializer_class = PaymentBody
    request_bodies = {"create": ProcessPayment}
    responses = {"create": {202: PaymentBody}}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's invoices."""
        return Invoice.objects.all()

    def create(self, request: Request) -> Response:
        """This function will have what is due on the invoice collected, and answer the payment."""
        body = ProcessPayment.parse(request)
        _check_visible(self.rows(), body["invoice_id"])
        payment = services.pay_invoice(actor=request.actor, now=clock.now(), **body)
        return accepted(PaymentBody.of(payment))


def _check_visible(rows: QuerySet[Any], invoice_id: Any) -> None:
    """Somebody else's invoice is not there."""
    if not rows.filter(pk=invoice_id).exists():
        raise errors.NotFound
