"""The console's pages of customers, keys and people, and its doors."""

from accounts.admin import _approvals, _customers, _environments, _keys, _people

__all__ = ["_approvals", "_customers", "_environments", "_keys", "_people"]
