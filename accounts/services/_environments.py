"""What somebody may ask for about his environment."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from accounts.signals import EnvironmentLimited, OriginsAllowed
from core import events, tenancy
from core.actor import Actor
from core.limits import Limits, columns
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


@transaction.atomic
def limit_environment(*, limits: Limits, reason: str = "", actor: Actor, now: datetime) -> Environment:
    """This function will say how often everybody in the environment in force may ask together.

    Publishes `EnvironmentLimited`, if anything differs.

    :raises core.limits.LimitsRefused: for a number that is no limit.
    """
    environment = Environment.objects.select_for_update().get(pk=tenancy.environment_id())
    if environment.limit_to(limits):
        environment.save(update_fields=columns())
        subject = environment.public_id
        events.publish(
            EnvironmentLimited(subject=subject, actor=actor.label, at=now, reason=reason, **asdict(environment.limits))
        )
    return environment
