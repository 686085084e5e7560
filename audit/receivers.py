"""What the audit log hears: every fact, in its transaction; every refusal, after its rollback; who looks at whom."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver

from audit import denials, services
from core import console
from core.events import Published, expected, occurred
from core.http.refusals import denied
from core.models import scope_of
from core.tenancy import PLATFORM_ID, scope


@receiver(occurred, dispatch_uid="audit.record")
def record(*, facts: Sequence[Published], **_: Any) -> None:
    """This receiver will write the facts' entries beside the changes they speak of."""
    services.write_rows([fact.kept.get("audit") or _row(fact) for fact in facts])


@receiver(expected, dispatch_uid="audit.prepare")
def prepare(*, facts: Sequence[Published], **_: Any) -> None:
    """This receiver will sign the entries of facts that are known, while nobody waits for this transaction."""
    for fact in facts:
        fact.kept["audit"] = _row(fact)


def _row(fact: Published) -> services.Row:
    return services.row_of(_happening(fact))


def _happening(fact: Published) -> services.Happening:
    event = fact.event
    return services.Happening(
        action=event.type, target=event.subject, actor=event.actor, meta=fact.data, event_id=fact.event_id,
        request=fact.request, at=fact.at,
    )  # fmt: skip


@receiver(denied, dispatch_uid="audit.record_denial")
def record_denial(*, actor_label: str, code: str, status: int, environment_id: UUID | None, **_: Any) -> None:
    """This receiver will write down a request that was refused for who sent it."""
    with scope(scope_of(environment_id or PLATFORM_ID)), transaction.atomic():
        denials.record(actor=actor_label, code=code, status=status)


@receiver(console.viewed, dispatch_uid="audit.record_view")
def record_view(*, actor_label: str, page: str, subject: str, environment_id: UUID | None, **_: Any) -> None:
    """This receiver will write down which operator looked at which person, or at a list of them.

    A request at the console is one transaction already; a page costs one statement more, not a savepoint.
    """
    looked = services.Happening(action="console.viewed", target=subject, actor=actor_label, meta={"page": page})
    with scope(scope_of(environment_id or PLATFORM_ID)):
        services.record_many([looked])
