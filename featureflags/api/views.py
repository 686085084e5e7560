"""`/feature-flags`."""

from uuid import UUID

from rest_framework.response import Response

from core import ids
from core.http import refusals
from core.http.views import Request, Resource, ok
from featureflags import selectors
from featureflags.api.serializers import FlagBody, FlagsBody


class FeatureFlags(Resource):
    """Which features are on in the environment, and who decided."""

    scope = "feature-flags"
    serializer_class = FlagBody
    responses = {"list": {200: FlagsBody}}
    query_parameters = ("customer",)
    pagination_class = None

    def list(self, request: Request) -> Response:
        """This function will answer every feature anybody has named, as it is for a customer if one is named."""
        flags = selectors.list_flags(customer_id=_customer(request))
        return ok({"data": FlagBody.of(list(flags))})


def _customer(request: Request) -> UUID | None:
    sent = request.query_params.get("customer")
    try:
        return None if sent is None else ids.decode("cus", sent)
    except ids.MalformedId:
        raise refusals.InvalidParameter("customer must be a customer's id.", parameter="customer") from None
