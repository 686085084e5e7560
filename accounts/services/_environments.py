"""What somebody may ask for about his environment."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.signals import OriginsAllowed
from core import events, tenancy
from core.actor import Actor
from core.models import Environment


@transaction.atomic
def allow_origins(*, origins: Iterable[str], reason: str = "", actor: Actor, now: datetime) -> Environment:
    """This function will let the web pages of these origins read the API's answers in this environment, and no others.

    Publishes `OriginsAllowed`, if anything differs.

    :raises core.models.OriginRefused: for what is no origin, too many of them, or plain http in a live environment.
    """
    environment = Environment.objects.select_for_update().get(pk=tenancy.environment_id())
    if environment.allow_origins(origins):
        environment.save(update_fields=["allowed_origins"])
        fact = OriginsAllowed(
            subject=environment.public_id, actor=actor.label, at=now, origins=tuple(environment.allowed_origins),
            reason=reason,
        )  # fmt: skip
        events.publish(fact)
    return environment
