"""How the environment in force bills."""

from datetime import UTC, datetime

from billing.models import BillingSettings

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def billing_settings() -> BillingSettings:
    """This function will return the environment's settings: its row, or the defaults in an unsaved one."""
    return BillingSettings.objects.first() or BillingSettings(updated_at=_NEVER)
