"""What each role may do, and every scope there is: the one table.

A scope is a resource and a verb (`invoices:write`), or a verb alone (`write`), which holds for every resource. Whoever
writes a resource also reads it.
"""

from collections.abc import Mapping
from typing import Final

OWNER, ADMIN = "owner", "admin"
ROLES: Final = (OWNER, ADMIN, "finance", "support", "developer", "viewer")

# One letter per role, in the order of ROLES: w writes and reads, r reads, - neither.
TABLE: Final[Mapping[str, str]] = {
    # resource           owner admin finance support developer viewer
    "addons":            "wwrrwr",
    "admin":             "ww----",
    "analytics":         "wwrrrr",
    "api-keys":          "ww--w-",
    "approvals":         "wwwr--",
    "audit":             "wwr-r-",
    "auth":              "wwwwww",
    "billing-settings":  "wwwrrr",
    "coupons":           "wwwrrr",
    "credit-notes":      "wwwrrr",
    "customers":         "wwrwrr",
    "dunning":           "wwwrrr",
    "entitlements":      "wwrrrr",
    "environments":      "wwrrwr",
    "events":            "wwrrwr",
    "feature-flags":     "wwrrwr",
    "gifts":             "wwwwrr",
    "invoices":          "wwwrrr",
    "jobs":              "wwrrw-",
    "members":           "wwrrr-",
    "meters":            "wwrrwr",
    "outbox":            "ww--r-",
    "payment_methods":   "wwwwrr",
    "payments":          "wwwrrr",
    "plans":             "wwrrwr",
    "prices":            "wwrrwr",
    "statements":        "wwrrrr",
    "subscription-settings": "wwwrrr",
    "subscriptions":     "wwwwrr",
    "tax-rates":         "wwwrrr",
    "usage":             "wwrwwr",
    "wallets":           "wwwrrr",
    "webhooks":          "wwrrwr",
}  # fmt: skip
# A negative usage event takes back what was counted; writing usage is not enough for it.
BEYOND: Final = frozenset({"usage:correction"})
# Owners and admins hold every scope there will ever be, not only those of the table.
EVERYTHING: Final = frozenset({"read", "write", "correction"})


def scopes_of(role: str) -> frozenset[str]:
    """This function will return the scopes that a role holds; an unknown role holds none."""
    if role not in ROLES:
        return frozenset()
    if role in (OWNER, ADMIN):
        return EVERYTHING
    column = ROLES.index(role)
    verbs = {"w": "write", "r": "read"}
    return frozenset(f"{name}:{verbs[letters[column]]}" for name, letters in TABLE.items() if letters[column] in verbs)


def is_scope(text: str) -> bool:
    """This function will tell whether a text is a scope that some route asks for, or a verb alone."""
    resource, _, verb = text.rpartition(":")
    is_known = verb in ("read", "write") and (not resource or resource in TABLE)
    return is_known or text in BEYOND | EVERYTHING
