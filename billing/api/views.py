"""Invoices over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from billing import services
from billing.api.filters import InvoiceFilters
from billing.api.serializers import InvoiceBody, PayInvoice, PaymentBody, ProcessPayment, VoidInvoice
from billing.models import Invoice
from core import clock, errors
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, accepted, ok

EVERYBODY_WHO_PAYS = EVERY_SECRET_HOLDER | {"customer"}


class Invoices(Listed, Retrieved, Resource):
    """Invoices with their lines; the newest first."""

    scope = "invoices"
    prefix = "inv"
    customer_field = "customer_id"
    audience = EVERYBODY_WHO_PAYS
    audiences = {"void": EVERY_SECRET_HOLDER}
    serializer_class = InvoiceBody
    filterset_class = InvoiceFilters
    request_bodies = {"pay": PayInvoice, "void": VoidInvoice}
    responses = {"pay": {202: PaymentBody}, "void": InvoiceBody}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's invoices with their lines fetched."""
        return Invoice.objects.prefetch_related("lines")

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
        body = VoidInvoice.parse(request)
        services.void_invoice(invoice_id=self.key, actor=request.actor, now=clock.now(), **body)
        return ok(InvoiceBody.of(self.get_object()))


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
