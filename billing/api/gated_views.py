"""What stands behind a feature flag, under /api/."""

from rest_framework.response import Response

from billing import selectors
from billing.api.serializers import AnalyticsBody, FlowBody
from core.http.views import Request, Resource, ok
from featureflags import services as flags


class NewFlow(Resource):
    """The invoicing flow in use."""

    scope = "invoices"
    serializer_class = FlowBody
    responses = {"list": {200: FlowBody}}

    @flags.requires("new_billing_flow")
    def list(self, request: Request) -> Response:
        """This function will answer the flow's version and how many invoices are in each state."""
        return ok(FlowBody.of({"version": selectors.FLOW_VERSION, "invoices": selectors.count_by_state()}))


class AdvancedAnalytics(Resource):
    """Revenue and cash by month."""

    scope = "analytics"
    serializer_class = AnalyticsBody
    responses = {"list": {200: AnalyticsBody}}

    @flags.requires("advanced_analytics")
    def list(self, request: Request) -> Response:
        """This function will answer the ledger's revenue, refunds and cash per month and currency."""
        return ok(AnalyticsBody.of({"months": selectors.list_months()}))
