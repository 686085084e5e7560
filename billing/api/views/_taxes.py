"""Tax rates over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from billing import services
from billing.api.filters import TaxRateFilters
from billing.api.serializers import CreateTaxRate, TaxRateBody, UpdateTaxRate
from billing.models import TaxRate
from core import clock
from core.http.serializers import RequestBody
from core.http.views import Listed, Request, Resource, Retrieved, created, ok


class TaxRates(Listed, Retrieved, Resource):
    """Tax rates and for whom they count; the newest first."""

    scope = "tax-rates"
    prefix = "txr"
    serializer_class = TaxRateBody
    filterset_class = TaxRateFilters
    request_bodies = {"create": CreateTaxRate, "partial_update": UpdateTaxRate, "archive": RequestBody}
    responses = {"create": {201: TaxRateBody}}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's tax rates."""
        return TaxRate.objects.all()

    def create(self, request: Request) -> Response:
        """This function will make a tax rate."""
        body = CreateTaxRate.parse(request)
        return created(TaxRateBody.of(services.create_tax_rate(**body, actor=request.actor, now=clock.now())))

    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will change a rate's name or end."""
        changes = UpdateTaxRate.parse(request)
        row = services.update_tax_rate(tax_rate_id=self.key, changes=changes, actor=request.actor, now=clock.now())
        return ok(TaxRateBody.of(row))

    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Response:
        """This function will take a rate out of use; invoices keep what they have."""
        RequestBody.parse(request)
        return ok(TaxRateBody.of(services.archive_tax_rate(tax_rate_id=self.key, actor=request.actor, now=clock.now())))
