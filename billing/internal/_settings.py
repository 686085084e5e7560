"""How the environment in force bills."""

from billing.selectors import billing_settings as current
from billing.selectors import default_settings as defaults

__all__ = ["current", "defaults"]
