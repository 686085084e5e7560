"""The event feed, and the outbox's own health."""

from typing import Any

from django.db import connection
from rest_framework.decorators import action
from rest_framework.response import Response

from core import clock, events
from core.http import refusals
from core.http.pagination import read_limit
from core.http.views import Request, Resource, accepted, ok
from outbox import selectors, services
from outbox.api.serializers import FactBody, FeedBody, ReplayBody, ReplayRequest, StatsBody, TestBody, TestRequest

LONGEST_WAIT_S = 30
LARGEST_SEQUENCE = 2**63 - 1


# Who may set the machinery in motion: operators with a system key, and a tenant's owners and admins, whose roles alone
# hold the scope.
OPERATORS = frozenset({"operator", "member"})


class FeedViewSet(Resource):
    """`/events-feed?after=<sequence>`: every fact of the environment, in order, without a gap, for ever.

    With `wait` seconds (up to 30) it answers as soon as there is something to answer.
    """

    scope = "events"
    serializer_class = FeedBody
    query_parameters = ("after", "limit", "wait", "type")
    responses = {"list": FeedBody}
    pagination_class = None

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """This function will wait behind every gate and before the transaction, if the reader wants to."""
        super().initial(request, *args, **kwargs)
        after, types = _sequence(request), _types(request)
        seconds = _whole(request, "wait", LONGEST_WAIT_S)
        if self.action == "list" and seconds and not connection.in_atomic_block:
            with self._environment():
                selectors.wait_for_facts(after=after, types=types, seconds=seconds)

    def list(self, request: Request) -> Response:
        """This function will answer the facts behind a sequence number, the oldest first."""
        after = _sequence(request)
        facts = list(selectors.list_facts(after=after, limit=read_limit(request), types=_types(request)))
        last = facts[-1].sequence if facts else after
        return ok({"data": FactBody.of(facts), "last_sequence": last})


class OutboxViewSet(Resource):
    """`/api/outbox`."""

    scope = "outbox"
    serializer_class = StatsBody
    audiences = {"test": OPERATORS, "replay": OPERATORS}
    request_bodies = {"test": TestRequest, "replay": ReplayRequest}
    responses = {"stats": StatsBody, "test": {202: TestBody}, "replay": {202: ReplayBody}}
    idempotency = {"test": "optional"}
    pagination_class = None

    @action(detail=False, methods=["get"])
    def stats(self, request: Request) -> Response:
        """This function will answer what is pending, since when, and whether a relay is alive."""
        return ok(StatsBody.of(selectors.get_health()))

    @action(detail=False, methods=["post"])
    def test(self, request: Request) -> Response:
        """This function will send a test fact through the house, for operators only."""
        body = TestRequest.parse(request)
        subject = services.send_test_fact(actor=request.actor, now=clock.now(), **body)
        return accepted({"type": "outbox.tested", "subject": subject})

    @action(detail=False, methods=["post"])
    def replay(self, request: Request) -> Response:
        """This function will let one handler react to facts of the past once more, for operators only."""
        body = ReplayRequest.parse(request)
        said = {name: body.pop(name) for name in ("handler", "again", "reason")}
        choice = services.Choice(**body)
        replay = services.replay_facts(choice=choice, actor=request.actor, now=clock.now(), **said)
        return accepted(ReplayBody.of(replay))


def _sequence(request: Request) -> int:
    return _whole(request, "after", LARGEST_SEQUENCE)


def _whole(request: Request, name: str, most: int) -> int:
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= most):
        raise refusals.InvalidParameter(f"{name} must be a whole number from 0 to {most}.", parameter=name)
    return int(text)


def _types(request: Request) -> list[str]:
    """What `type=invoice.paid,invoice.voided` names."""
    names = [name for name in request.query_params.get("type", "").split(",") if name]
    if any(name not in events.types() for name in names):
        raise refusals.InvalidParameter("type must name known types of facts.", parameter="type")
    return names
