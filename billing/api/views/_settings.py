"""The billing settings over HTTP."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.response import Response

from billing import selectors, services
from billing.api.serializers import BillingSettingsBody, UpdateBillingSettings
from billing.models import BillingSettings
from core import clock
from core.http.views import Request, Resource, ok


class BillingSettingsPage(Resource):
    """`/billing-settings`: the one row that says how the environment bills."""

    scope = "billing-settings"
    serializer_class = BillingSettingsBody
    request_bodies = {"partial_update": UpdateBillingSettings}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's row, if it has one."""
        return BillingSettings.objects.all()

    def retrieve(self, request: Request) -> Response:
        """This function will answer how the environment bills."""
        return ok(BillingSettingsBody.of(selectors.billing_settings()))

    def partial_update(self, request: Request) -> Response:
        """This function will change how the environment bills from now on."""
        changes = UpdateBillingSettings.parse(request)
        row = services.change_billing_settings(changes=changes, actor=request.actor, now=clock.now())
        return ok(BillingSettingsBody.of(row))
