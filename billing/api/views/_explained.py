"""What an invoice has to say for itself, over HTTP."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.response import Response

from billing import selectors, services
from billing.api.serializers import ExplanationBody, RecomputationBody
from core import clock, errors
from core.http.views import Request, ok

EXPLAINED = {"explain": ExplanationBody, "recompute": RecomputationBody}


class Explained:
    """`GET /invoices/{id}/explain` and `/recompute`; its answers are `EXPLAINED`."""

    @action(detail=True, methods=["get"])
    def explain(self: Any, request: Request, pk: str) -> Response:
        """This function will answer how the invoice came about, in figures and in sentences."""
        _check_visible(self)
        return ok(ExplanationBody.of(selectors.explain_invoice(self.key)))

    @action(detail=True, methods=["get"])
    def recompute(self: Any, request: Request, pk: str) -> Response:
        """This function will compute the invoice again and answer identical, or the differences; nothing is stored."""
        _check_visible(self)
        return ok(RecomputationBody.of(services.recompute_invoice(invoice_id=self.key, now=clock.now())))


def _check_visible(view: Any) -> None:
    """Somebody else's invoice is not there."""
    if not view.rows().filter(pk=view.key).exists():
        raise errors.NotFound
