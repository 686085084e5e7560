"""`/approvals`."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts import services
from accounts.api.filters import ApprovalFilters
from accounts.api.serializers import Decide
from accounts.models import Approval
from core import clock
from core.http.approvals import ApprovalBody
from core.http.views import Listed, Request, Resource, Retrieved, ok

PEOPLE = frozenset({"member"})


class Approvals(Listed, Retrieved, Resource):
    """What people asked for above their limit. Another person approves or rejects it; who asked may withdraw it."""

    scope = "approvals"
    prefix = "apr"
    audiences = {"approve": PEOPLE, "reject": PEOPLE, "withdraw": PEOPLE}
    step_up = ("approve",)
    serializer_class = ApprovalBody
    filterset_class = ApprovalFilters
    request_bodies = {"approve": Decide, "reject": Decide, "withdraw": Decide}
    responses = {"approve": ApprovalBody, "reject": ApprovalBody, "withdraw": ApprovalBody}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the environment's approvals."""
        return Approval.objects.all()

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """This function will let happen what somebody else asked for."""
        return self._decide(services.approve, request)

    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """This function will refuse what somebody else asked for."""
        return self._decide(services.reject, request)

    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """This function will take back what one asked for oneself."""
        return self._decide(services.withdraw, request)

    def _decide(self, verb: Callable[..., Approval], request: Request) -> Response:
        row = verb(approval_id=self.key, **Decide.parse(request), actor=request.actor, now=clock.now())
        return ok(ApprovalBody.of(row))
