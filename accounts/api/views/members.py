"""`/members`."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.response import Response

from accounts import services
from accounts.api.filters import MemberFilters
from accounts.api.serializers import ChangeMemberRole, InviteMember, MemberBody
from accounts.models import Membership
from core import clock, tenancy
from core.http.views import Listed, Request, Resource, Retrieved, created, no_content, ok


class Members(Listed, Retrieved, Resource):
    """Who works for the tenant, and as what. Members are the tenant's, whatever the environment of the credentials."""

    scope = "members"
    prefix = "mem"
    serializer_class = MemberBody
    filterset_class = MemberFilters
    step_up = ("create", "partial_update", "destroy")
    request_bodies = {"create": InviteMember, "partial_update": ChangeMemberRole}

    def get_queryset(self) -> QuerySet[Any]:
        """This function will return the tenant's members with the people behind them."""
        return Membership.objects.filter(tenant_id=self._tenant_id).select_related("user").order_by("-id")

    @property
    def _tenant_id(self) -> Any:
        return tenancy.require().tenant_id

    def create(self, request: Request) -> Response:
        """This function will make somebody a member and have him told by mail."""
        body = InviteMember.parse(request)
        row = services.invite_member(**body, tenant_id=self._tenant_id, actor=request.actor, now=clock.wall())
        return created(MemberBody.of(row))

    def partial_update(self, request: Request, pk: str) -> Response:
        """This function will give a member another role."""
        row = services.change_member_role(
            membership_id=self.key, tenant_id=self._tenant_id, **ChangeMemberRole.parse(request), actor=request.actor,
            now=clock.wall(),
        )  # fmt: skip
        return ok(MemberBody.of(row))

    def destroy(self, request: Request, pk: str) -> Response:
        """This function will end a membership at once."""
        services.remove_member(
            membership_id=self.key, tenant_id=self._tenant_id, actor=request.actor, now=clock.wall()
        )  # fmt: skip
        return no_content()
