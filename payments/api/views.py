"""Payments and ways to pay, over HTTP."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock, errors
from core.http import refusals
from core.http.approvals import approval_body
from core.http.gateway import Begun
from core.http.views import EVERY_SECRET_HOLDER, Listed, Request, Resource, Retrieved, accepted, no_content, ok
from payments import services
from payments.api import card_secrets
from payments.api.filters import CustomerFilter, PaymentFilters
from payments.api.serializers import (
    AttachPaymentMethod,
    OwnPaymentDetailBody,
    PaymentDetailBody,
    PaymentMethodAttachmentBody,
    PaymentMethodBody,
    RefundBody,
    RefundPayment,
)
from payments.cards import Card
from payments.models import Payment, PaymentAttempt, PaymentMethod, Refund

EVERYBODY_WHO_PAYS = EVERY_SECRET_HOLDER | {"customer"}


def _payments() -> QuerySet[Any]:
    attempts = Prefetch("attempts", PaymentAttempt.objects.order_by("id"))
    return Payment.objects.prefetch_related(attempts, Prefetch("refunds", Refund.objects.order_by("id")))


class Payments(Listed, Retrieved, Resource):
    """Payments with their attempts and refunds; the newest first."""

    scope = "payments"
    prefix = "pay"
    customer_field = "customer_id"
    audience = EVERYBODY_WHO_PAYS
    audiences = {"refund": EVERY_SECRET_HOLDER}
    step_up = ("refund",)
    serializer_class = PaymentDetailBody
    filterset_class = PaymentFilters
    request_bodies = {"refund": RefundPayment}
    responses = {"refund": {202: RefundBody}}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's payments with what their bodies show."""
        return _payments()

    def get_serializer_class(self) -> type[PaymentDetailBody]:
        """This function will return what the actor reads of a payment."""
        return OwnPaymentDetailBody if self.actor.is_customer else PaymentDetailBody

    @action(detail=True, methods=["post"])
    def refund(self, request: Request, pk: str) -> Response:
        """This function will have money given back, and answer the refund on its way.

        Above the limit of whoever asks, it answers the approval that somebody else has to give.
        """
        body = {"amount_minor": None, "reason": ""} | RefundPayment.parse(request)
        done = services.refund_or_ask(payment_id=self.key, actor=request.actor, now=clock.now(), **body)
        return accepted(RefundBody.of(done) if isinstance(done, Refund) else approval_body(done))


class PaymentHistory(Listed, Resource):
    """One customer's payments: his own, or those of the one who is named."""

    scope = "payments"
    customer_field = "customer_id"
    audience = EVERYBODY_WHO_PAYS
    serializer_class = PaymentDetailBody
    filterset_class = CustomerFilter

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's payments with what their bodies show."""
        return _payments()

    def get_serializer_class(self) -> type[PaymentDetailBody]:
        """This function will return what the actor reads of a payment."""
        return OwnPaymentDetailBody if self.actor.is_customer else PaymentDetailBody

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """This function will answer one page; who is no customer names one."""
        if not self.actor.is_customer and "customer" not in request.query_params:
            raise refusals.InvalidParameter("Name a customer.", parameter="customer")
        return super().list(request, *args, **kwargs)


class PaymentMethods(Listed, Retrieved, Resource):
    """Ways to pay that are attached; the newest first."""

    scope = "payment_methods"
    prefix = "pym"
    customer_field = "customer_id"
    audience = EVERYBODY_WHO_PAYS
    serializer_class = PaymentMethodBody
    filterset_class = CustomerFilter
    request_bodies = {"create": AttachPaymentMethod}
    effects = {"create": "payments.attach_payment_method"}
    responses = {
        "create": {201: PaymentMethodBody, 202: PaymentMethodAttachmentBody}, "destroy": {204: None},
        "default": PaymentMethodBody,
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's attached methods."""
        return PaymentMethod.objects.attached()

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """This function will take the card's secrets out of the body before anything is computed from it or kept."""
        super().initial(request, *args, **kwargs)
        self.taken = card_secrets.take(request.data) if self.action == "create" else {}

    def create(self, request: Request) -> Begun:
        """This function will attach a way to pay; a new one is what is charged from now on."""
        body = AttachPaymentMethod.read(card_secrets.put_back(request.data, self.taken))
        source = _source_of(body)
        attachment = services.begin_attachment(
            customer_id=self._customer_of(body),
            source=source,
            actor=request.actor,
            now=clock.now(),
            is_default=body.get("is_default", True),
        )
        return Begun(subject=attachment.id, in_hand=source)

    def destroy(self, request: Request, pk: str) -> Response:
        """This function will charge a method no more."""
        method = self.get_object()
        services.detach_payment_method(payment_method_id=method.id, actor=request.actor, now=clock.now())
        return no_content()

    @action(detail=True, methods=["post"])
    def default(self, request: Request, pk: str) -> Response:
        """This function will have a method charged from now on."""
        found = self.get_object()
        method = services.make_default_payment_method(payment_method_id=found.id, actor=request.actor, now=clock.now())
        return ok(PaymentMethodBody.of(method))

    def _customer_of(self, body: dict[str, Any]) -> Any:
        """A customer attaches to himself; somebody else is not there for him."""
        own = self.actor.customer_id if self.actor.is_customer else None
        named = body.get("customer_id", own)
        if named is None:
            raise refusals.ValidationFailed(
                [{"pointer": "/customer", "code": "required", "message": "This field is required."}]
            )
        if own is not None and named != own:
            raise errors.NotFound
        return named


def _source_of(body: dict[str, Any]) -> Card | str:
    if "token" in body:
        return str(body["token"])
    card = body["card"]
    return Card(number=card["number"], exp_month=card["exp_month"], exp_year=card["exp_year"], cvc=card["cvc"])
