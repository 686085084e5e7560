"""How the environment in force bills."""

from datetime import UTC, datetime

from billing.models import BillingSettings
from core.tenancy.prepared import Prepared

_ROW = Prepared(BillingSettings, "true")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def billing_settings() -> BillingSettings:
    """This function will return the environment's settings: its row, or the defaults in an unsaved one."""
    return _ROW.first() or default_settings()


def default_settings() -> BillingSettings:
    """This function will return what holds where nobody has decided anything, in an unsaved row."""
    return BillingSettings.fresh(updated_at=_NEVER)
