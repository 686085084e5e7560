"""What an environment has decided about subscriptions, and what it lets customers do to their own."""

from datetime import UTC, datetime
from typing import Final

from core import errors
from core.actor import Actor
from core.tenancy.prepared import Prepared
from subscriptions.models import SubscriptionSettings

CANCEL: Final = "cancel"
CHANGE: Final = "change"
PAUSE: Final = "pause"
RENEW: Final = "renew"
RESUME: Final = "resume"
_ROW = Prepared(SubscriptionSettings, "true")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class NotAllowed(errors.Forbidden):
    """`verb` is what was asked for, `allowed` what customers may do."""

    code = "not_allowed_to_customers"
    title = "Customers may not do this themselves."


def current_settings() -> SubscriptionSettings:
    """This function will return the environment's settings: its row, or the defaults in an unsaved one."""
    return _ROW.first() or SubscriptionSettings(updated_at=_NEVER)


def check_customer(actor: Actor, verb: str) -> None:
    """This function will refuse a customer what the environment does not let customers do.

    :raises NotAllowed: naming what they may do.
    """
    if not actor.is_customer:
        return
    allowed = current_settings().customer_verbs
    if verb not in allowed:
        raise NotAllowed(verb=verb, allowed=sorted(allowed))


def check_customer_cancel(actor: Actor, when: str) -> None:
    """This function will refuse a customer a cancellation, or its instant, that customers may not have.

    :raises NotAllowed: naming what they may do.
    """
    check_customer(actor, CANCEL)
    if actor.is_customer and when not in (allowed := current_settings().customer_cancel_times):
        raise NotAllowed(verb=f"cancel:{when}", allowed=sorted(f"cancel:{one}" for one in allowed))
