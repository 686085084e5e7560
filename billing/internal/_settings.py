"""How the environment in force bills."""

from billing.selectors import billing_settings as current

__all__ = ["current"]
