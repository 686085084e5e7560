"""The routes of customers, keys, environments and logins."""

from accounts.api.views.approvals import Approvals
from accounts.api.views.auth import Auth
from accounts.api.views.customers import Customers
from accounts.api.views.environments import Environments
from accounts.api.views.keys import ApiKeys
from accounts.api.views.members import Members

__all__ = ["ApiKeys", "Approvals", "Auth", "Customers", "Environments", "Members"]
