"""Quotes over HTTP."""

from rest_framework.response import Response

from billing import services
from billing.api.serializers import AskQuote, QuoteBody
from core import clock
from core.http.views import Request, Resource, ok


class Quotes(Resource):
    """`POST /quotes`: the exact invoice that would be issued. Nothing is kept, so a repeat needs no key."""

    scope = "invoices:read"
    rate_class = "read"
    idempotency = {"create": "none"}
    serializer_class = QuoteBody
    request_bodies = {"create": AskQuote}
    responses = {"create": {200: QuoteBody}}

    def create(self, request: Request) -> Response:
        """This function will answer what the items would come to on an invoice of now, or of `at`."""
        return ok(QuoteBody.of(services.quote_invoice(now=clock.now(), **AskQuote.parse(request))))
