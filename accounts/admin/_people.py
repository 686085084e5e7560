"""The console's pages of people and their places in tenants."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts import services
from accounts.models import Membership, User
from core import clock, console, tenancy
from core.models import Environment, Tenant


class InviteForm(console.ReasonForm):
    """Who becomes a member of which tenant, and as what."""

    tenant = forms.ModelChoiceField(queryset=Tenant.objects.all(), widget=UnfoldAdminSelectWidget())
    email = forms.EmailField(max_length=254, widget=UnfoldAdminEmailInputWidget())
    name = forms.CharField(required=False, max_length=200, widget=UnfoldAdminTextInputWidget())
    role = forms.ChoiceField(choices=Membership.Role.choices, initial="viewer", widget=UnfoldAdminSelectWidget())
    field_order = ("tenant", "email", "name", "role")


class RoleForm(console.ReasonForm):
    """The role from now on."""

    role = forms.ChoiceField(choices=Membership.Role.choices, widget=UnfoldAdminSelectWidget())
    field_order = ("role",)


@admin.register(User)
class UserAdmin(console.ConsoleAdmin):
    holds_personal_data = True
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "second_factor", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    fields = (
        "email", "name", "is_active", "is_staff", "is_superuser", "groups", "second_factor", "last_login", "created_at"
    )  # fmt: skip
    readonly_fields = ("second_factor",)
    actions_detail = ("remove_factor",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the users, each with whether he has a second factor."""
        rows: QuerySet[Any] = super().get_queryset(request)
        devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        found: QuerySet[Any] = rows.annotate(has_factor=Exists(devices))
        return found

    @admin.display(description="Second factor", boolean=True)
    def second_factor(self, row: Any) -> bool:
        """This function will tell whether the user logs in with a code."""
        return bool(row.has_factor)

    @console.verb(description="Remove second factor", permission="remove_factor", icon="phonelink_erase", step_up=True)
    def remove_factor(self, request: HttpRequest, row: User, reason: str) -> str:
        """This function will let a user whose telephone is lost enrol again; his sessions end."""
        services.remove_second_factor(row, actor=console.actor(request).label, reason=reason)
        return f"{row.email} logs in without a code until he enrols again."


@admin.register(Membership)
class MembershipAdmin(console.ConsoleAdmin):
    holds_personal_data = True
    list_display = ("user", "tenant", "role", "created_at")
    list_filter = ("role", "tenant")
    search_fields = ("user__email", "user__name", "tenant__slug")
    list_select_related = ("user", "tenant")
    ordering = ("user__email",)
    fields = ("user", "tenant", "role", "created_at")
    actions_list = ("invite",)
    actions_detail = ("change_role", "remove")

    @console.list_verb(
        description="Invite a member", permission="invite", icon="person_add", form=InviteForm, step_up=True
    )
    def invite(self, request: HttpRequest, reason: str, tenant: Tenant, email: str, name: str, role: str) -> str:
        """This function will make somebody a member and have him told by mail."""
        with tenancy.scope(_live(tenant)):
            services.invite_member(
                email=email, role=role, name=name, tenant_id=tenant.pk, actor=console.actor(request), now=clock.wall()
            )
        return f"{email} is now a member of {tenant.name}, as {role}."

    @console.verb(
        description="Change role", permission="change_role", icon="manage_accounts", form=RoleForm, step_up=True
    )
    def change_role(self, request: HttpRequest, row: Membership, reason: str, role: str) -> str:
        """This function will give the member another role."""
        with tenancy.scope(_live(row.tenant)):
            services.change_member_role(
                membership_id=row.pk, role=role, tenant_id=row.tenant_id, reason=reason, actor=console.actor(request),
                now=clock.wall(),
            )  # fmt: skip
        return f"{row.user.email} is now {role}."

    @console.verb(description="Remove", permission="remove", icon="person_remove", step_up=True)
    def remove(self, request: HttpRequest, row: Membership, reason: str) -> str:
        """This function will end the membership at once."""
        email = row.user.email
        with tenancy.scope(_live(row.tenant)):
            services.remove_member(
                membership_id=row.pk, tenant_id=row.tenant_id, reason=reason, actor=console.actor(request),
                now=clock.wall(),
            )  # fmt: skip
        return f"{email} is no member any more."


def _live(tenant: Tenant) -> tenancy.Scope:
    """What happens to a tenant's people is written in its live environment."""
    return Environment.objects.get(tenant=tenant, kind=Environment.Kind.LIVE).as_scope()


# Operators are made by a command. Groups without members, forms that change rights past the audit log, and forms that
# show the secrets of authenticators have no place here.
for _model in (Group, TOTPDevice, StaticDevice):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


@console.tile("Operators without a second factor", model="accounts.user", query="is_staff__exact=1", order=75)
def operators_without_second_factor() -> int:
    """This function will count the operators who log in with a password alone."""
    enrolled = TOTPDevice.objects.filter(confirmed=True).values("user")
    return User.objects.filter(is_staff=True, is_active=True).exclude(pk__in=enrolled).count()
