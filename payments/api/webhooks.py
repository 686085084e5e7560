"""Where gateways tell us something. Who they are is proved by a signature over the raw bytes."""

from typing import Any

import structlog
from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock, signatures
from core.http import refusals
from core.http.json import check_charset
from core.http.views import ok
from payments import notices, services
from payments.api.serializers import PaymentEvent, PaymentEventBody

log = structlog.get_logger(__name__)

BODY_LIMIT = 256 * 1024


class SignatureRefused(refusals.Unauthenticated):
    """One answer for a signature that is missing, malformed, wrong or stale: a forger learns nothing."""

    code = "signature_invalid"
    title = "The signature of the message is not valid."


class PaymentWebhook(APIView):
    """`POST /webhooks/payment`: verified first, stored second, processed by a job."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    http_method_names = ("post",)
    problems = ("413", "415")

    @extend_schema(request=PaymentEvent, responses={200: PaymentEventBody}, tags=["webhooks"], auth=[])
    def post(self, request: Request) -> Response:
        """This function will take in an event of a gateway, or say that it has it already."""
        raw = _raw(request._request)
        _verify(request._request, raw)
        try:
            notice = notices.read(raw)
        except notices.MalformedNotice:
            raise refusals.MalformedJson("The body is not an event.") from None
        status = services.receive_gateway_event(gateway="sandbox", notice=notice, body=raw, now=clock.now())
        return ok({"status": status})


def _raw(request: Any) -> bytes:
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_LIMIT:
        raise refusals.TooLarge(limit_bytes=BODY_LIMIT)
    if request.content_type != "application/json":
        raise refusals.UnsupportedMedia
    check_charset(request.META["CONTENT_TYPE"])
    body: bytes = request.body
    return body


def _verify(request: Any, raw: bytes) -> None:
    """This function will pass a message that is genuine and fresh; any other is counted in the log and never kept."""
    stamp = request.headers.get("X-Webhook-Timestamp", "")
    signature = request.headers.get("X-Webhook-Signature", "")
    secrets = [settings.PAYMENT_WEBHOOK_SECRET]
    if not signatures.verify_payment(secrets, stamp, raw, signature, clock.unix()):
        log.warning("payments.webhook_refused", bytes=len(raw))
        raise SignatureRefused
