"""`/feature-flags`."""

from rest_framework.response import Response

from core.http.views import Request, Resource, ok
from featureflags import selectors
from featureflags.api.serializers import FlagBody, FlagsBody


class FeatureFlags(Resource):
    """Which features are on in the environment, and who decided."""

    scope = "feature-flags"
    serializer_class = FlagBody
    responses = {"list": {200: FlagsBody}}

    def list(self, request: Request) -> Response:
        """This function will answer every feature anybody has named."""
        return ok({"data": FlagBody.of(list(selectors.list_flags()))})
