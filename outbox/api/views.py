"""The event feed, and the outbox's own health."""

from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock
from core.http import refusals
from core.http.pagination import read_limit
from core.http.views import Request, Resource, accepted, ok
from outbox import selectors, services
from outbox.api.serializers import FactBody, FeedBody, StatsBody, TestBody, TestRequest

LARGEST_SEQUENCE = 2**63 - 1


class FeedViewSet(Resource):
    """`/events-feed?after=<sequence>`: every fact of the environment, in order, without a gap, for ever."""

    scope = "events"
    serializer_class = FeedBody
    query_parameters = ("after", "limit")
    responses = {"list": FeedBody}
    pagination_class = None

    def list(self, request: Request) -> Response:
        """This function will answer the facts behind a sequence number, the oldest first."""
        after = _sequence(request)
        facts = list(selectors.list_facts(after=after, limit=read_limit(request)))
        last = facts[-1].sequence if facts else after
        return ok({"data": FactBody.of(facts), "last_sequence": last})


class OutboxViewSet(Resource):
    """`/api/outbox`."""

    scope = "outbox"
    serializer_class = StatsBody
    request_bodies = {"test": TestRequest}
    responses = {"stats": StatsBody, "test": {202: TestBody}}
    idempotency = {"test": "optional"}
    pagination_class = None

    @action(detail=False, methods=["get"])
    def stats(self, request: Request) -> Response:
        """This function will answer what is pending, since when, and whether a relay is alive."""
        return ok(StatsBody.of(selectors.get_health()))

    @action(detail=False, methods=["post"])
    def test(self, request: Request) -> Response:
        """This function will send a test fact through the house."""
        body = TestRequest.parse(request)
        subject = services.send_test_fact(actor=request.actor, now=clock.now(), **body)
        return accepted({"type": "outbox.tested", "subject": subject})


def _sequence(request: Request) -> int:
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_SEQUENCE):
        raise refusals.InvalidParameter("after must be a sequence number.", parameter="after")
    return int(text)
