"""What anybody may ask about features, and what operators may decide.

The gates stand here too, because an app reaches another through its services: `@featureflags.requires("plans_enabled")`
before a handler, or `requires(…).check()` inside a verb.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from core import errors, events, tenancy
from core.actor import Actor
from featureflags import decisions
from featureflags.gates import FeatureUnavailable, Gate, is_on, requires, requires_all, requires_any
from featureflags.models import FlagOverride
from featureflags.signals import FlagCleared, FlagOverridden

__all__ = [
    "FeatureUnavailable", "Gate", "OverrideRefused", "clear_override", "is_on", "requires", "requires_all",
    "requires_any", "set_override",
]  # fmt: skip

NAME = re.compile(r"[a-z][a-z0-9_]{0,99}", re.ASCII)


class OverrideRefused(errors.Invalid):
    code = "flag_override_invalid"
    title = "A flag is named in lower case, its percentage is from 0 to 100, and only the platform names tenants."


@transaction.atomic
def set_override(
    *, name: str, is_on: bool, percentage: int | None = None, customers: Sequence[str] = (),
    tenants: Sequence[str] = (), note: str = "", actor: Actor, now: datetime,
) -> FlagOverride:  # fmt: skip
    """This function will decide about a feature in the environment in force and publish `FlagOverridden`.

    `customers` are public ids; with them, or with a `percentage` (0 to 100), the decision holds for those only. In the
    platform's environment it holds everywhere, or for the named `tenants` (public ids); an environment's own beats it.

    :raises OverrideRefused: for a name or a percentage of another form, or tenants in an environment of theirs.
    """
    if not NAME.fullmatch(name) or percentage not in (None, *range(101)):
        raise OverrideRefused
    if tenants and tenancy.environment_id() != tenancy.PLATFORM_ID:
        raise OverrideRefused
    decision = {
        "is_on": is_on, "percentage": percentage, "customers": sorted(set(customers)),
        "tenants": sorted(set(tenants)), "note": note, "set_by": actor.label, "updated_at": now,
    }  # fmt: skip
    row, _ = FlagOverride.objects.update_or_create(
        name=name, defaults=decision, create_defaults=decision | {"created_at": now}
    )
    events.publish(
        FlagOverridden(
            subject=row.public_id,
            actor=actor.label,
            at=now,
            flag=name,
            is_on=is_on,
            percentage=percentage,
            customers=tuple(row.customers),
            tenants=tuple(row.tenants),
            reason=note,
        )
    )
    decisions.forget()
    return row


@transaction.atomic
def clear_override(*, name: str, reason: str = "", actor: Actor, now: datetime) -> None:
    """This function will take an operator's decision back and publish `FlagCleared`.

    :raises core.errors.NotFound: if there is none.
    """
    row = FlagOverride.objects.select_for_update().filter(name=name).first()
    if row is None:
        raise errors.NotFound
    subject = row.public_id
    row.delete()
    decisions.forget()
    events.publish(FlagCleared(subject=subject, actor=actor.label, at=now, flag=name, reason=reason))
