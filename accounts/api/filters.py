"""By what lists are narrowed."""

from typing import Any

from django.db.models import QuerySet

from accounts import emails, roles
from accounts.models._approvals import STATES
from core.http.filters import Filters, InstantFilter, TextFilter, WordFilter


class EmailFilter(TextFilter):
    """An e-mail address in any case."""

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """This function will keep the rows with that address."""
        return rows if value is None else rows.filter(**{self.field_name: emails.canonical(value)})


class CustomerFilters(Filters):
    email = EmailFilter(max_length=254)
    external_ref = TextFilter(max_length=200)
    created_from = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")


class MemberFilters(Filters):
    role = WordFilter(roles.ROLES)
    email = EmailFilter(field_name="user__email", max_length=254)


class ApprovalFilters(Filters):
    state = WordFilter(STATES)
    target = TextFilter(max_length=60)
    asked_from = InstantFilter(field_name="asked_at", lookup_expr="gte")
    asked_before = InstantFilter(field_name="asked_at", lookup_expr="lt")


class ApiKeyFilters(Filters):
    type = WordFilter(("secret", "publishable"))
