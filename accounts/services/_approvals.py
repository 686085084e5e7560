"""Four eyes: what is above one person's limit is asked for, and happens once somebody else approves it.

An app registers what can be asked for, and its faces call `do_or_ask`. That tries the verb: up to the limit the try is
the deed; above it the try is taken back, so that what is asked for is known to be possible and its amount exact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Approval, ApprovalDecided
from accounts.models._approvals import APPROVED, REJECTED, WITHDRAWN
from accounts.signals import ApprovalApproved, ApprovalRejected, ApprovalRequested, ApprovalWithdrawn
from core import errors, events, problems
from core.actor import Actor

EVERY_CURRENCY: Final = "*"


class SamePerson(errors.Forbidden):
    code = "four_eyes"
    title = "Somebody else has to decide about what you asked for."


class NotAPerson(errors.Forbidden):
    code = "person_needed"
    title = "Only a person decides about an approval: a member or an operator, never a key."


class ApprovalOutdated(errors.Conflict):
    code = "approval_outdated"
    title = "What was asked for would come to another amount today. Reject it and ask again."


problems.constraint("accounts_approval_four_eyes", SamePerson)


@dataclass(frozen=True, kw_only=True)
class Amount:
    """What a deed comes to, and the public id of the row it made."""

    minor: int
    currency: str
    result: str


@dataclass(frozen=True, kw_only=True)
class Approvable:
    """One verb that can be asked for: `execute` does it from JSON `arguments`, `measure` says what it came to.

    `execute(arguments, key=, actor=, now=)`: the key makes it happen once, whoever calls how often.
    """

    name: str
    execute: Callable[..., Any]
    measure: Callable[[Any], Amount]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody asks for: a registered verb with its arguments, about what, and why."""

    verb: str
    arguments: Mapping[str, Any]
    target: str
    reason: str = ""


_approvables: dict[str, Approvable] = {}


class _AboveLimit(Exception):
    def __init__(self, amount: Amount) -> None:
        super().__init__()
        self.amount = amount


def approvable(one: Approvable) -> Approvable:
    """This function will register a verb that can be asked for."""
    if _approvables.setdefault(one.name, one) is not one:
        raise TypeError(f"two verbs are called {one.name}")
    return one


def limit_of(currency: str) -> int | None:
    """This function will return the most minor units that one person may move alone, None without a limit."""
    limits: Mapping[str, int] = settings.APPROVAL_LIMITS
    return limits.get(currency, limits.get(EVERY_CURRENCY))


def person_of(actor: Actor) -> str:
    """This function will return the public id of the person who acts, "" where none does: a key, the house itself."""
    return actor.id if actor.type in ("member", "operator") and actor.id.startswith("usr_") else ""


@transaction.atomic
def do_or_ask(wish: Wish, *, key: str, actor: Actor, now: datetime) -> Any:
    """This function will do what is asked for and return what the verb returns; above the limit, a pending `Approval`.

    Programs and the house itself have no limit: it is people that four eyes are for.
    """
    one = _approvables[wish.verb]
    try:
        with transaction.atomic():
            done = one.execute(wish.arguments, key=key, actor=actor, now=now)
            amount = one.measure(done)
            limit = limit_of(amount.currency)
            if person_of(actor) and limit is not None and amount.minor > limit:
                raise _AboveLimit(amount)
            return done
    except _AboveLimit as above:
        return _ask(wish, above.amount, actor=actor, now=now)


@transaction.atomic
def approve(*, approval_id: UUID, reason: str = "", actor: Actor, now: datetime) -> Approval:
    """This function will let an approval happen, in the same transaction, and publish `ApprovalApproved`.

    What the verb refuses today leaves the approval pending.

    :raises NotAPerson, SamePerson: unless another person than who asked decides.
    :raises accounts.models.ApprovalDecided: if it is decided, or its time is over.
    :raises ApprovalOutdated: if it would come to another amount today.
    :raises core.errors.NotFound: if the environment has no such approval.
    """
    row = _locked(approval_id)
    person = _other_person(row, actor)
    one = _approvables[row.verb]
    # Before the deed, so that an approval whose time is over moves nothing.
    row.decide(APPROVED, by=actor.label, person=person, at=now, why=reason, result="-")
    done = one.execute(row.arguments, key=f"approval:{row.public_id}", actor=actor, now=now)
    amount = one.measure(done)
    if (amount.minor, amount.currency) != (row.amount_minor, row.currency):
        raise ApprovalOutdated(amount_minor=amount.minor, currency=amount.currency)
    row.result = amount.result
    _save(row)
    events.publish(ApprovalApproved(subject=row.public_id, actor=actor.label, at=now, result=row.result, **row.facts()))
    return row


@transaction.atomic
def reject(*, approval_id: UUID, reason: str = "", actor: Actor, now: datetime) -> Approval:
    """This function will refuse what somebody asked for and publish `ApprovalRejected`.

    :raises NotAPerson, SamePerson: unless another person than who asked decides.
    :raises accounts.models.ApprovalDecided: if it is decided, or its time is over.
    :raises core.errors.NotFound: if the environment has no such approval.
    """
    row = _locked(approval_id)
    row.decide(REJECTED, by=actor.label, person=_other_person(row, actor), at=now, why=reason)
    _save(row)
    events.publish(ApprovalRejected(subject=row.public_id, actor=actor.label, at=now, reason=reason, **row.facts()))
    return row


@transaction.atomic
def withdraw(*, approval_id: UUID, reason: str = "", actor: Actor, now: datetime) -> Approval:
    """This function will take back what the actor asked for himself and publish `ApprovalWithdrawn`.

    :raises SamePerson: to anybody else.
    :raises accounts.models.ApprovalDecided: if it is decided, or its time is over.
    :raises core.errors.NotFound: if the environment has no such approval.
    """
    row = _locked(approval_id)
    if person_of(actor) != row.asked_person:
        raise SamePerson("Only who asked can withdraw; others reject.")
    row.decide(WITHDRAWN, by=actor.label, person=row.asked_person, at=now, why=reason)
    _save(row)
    events.publish(ApprovalWithdrawn(subject=row.public_id, actor=actor.label, at=now, **row.facts()))
    return row


def _ask(wish: Wish, amount: Amount, *, actor: Actor, now: datetime) -> Approval:
    row = Approval.objects.create(
        verb=wish.verb, arguments=dict(wish.arguments), target=wish.target, amount_minor=amount.minor,
        currency=amount.currency, reason=wish.reason[:500], asked_by=actor.label, asked_person=person_of(actor),
        asked_at=now, expires_at=now + timedelta(hours=settings.APPROVAL_HOURS),
    )  # fmt: skip
    requested = ApprovalRequested(
        subject=row.public_id, actor=actor.label, at=now, reason=row.reason, expires_at=row.expires_at, **row.facts()
    )
    events.publish(requested)
    return row


def _other_person(row: Approval, actor: Actor) -> str:
    person = person_of(actor)
    if not person:
        raise NotAPerson
    if person == row.asked_person:
        raise SamePerson
    return person


def _save(row: Approval) -> None:
    row.save(update_fields=["state", "decided_by", "decided_person", "decided_at", "decision", "result"])


def _locked(approval_id: UUID) -> Approval:
    row = Approval.objects.select_for_update().filter(pk=approval_id).first()
    if row is None:
        raise errors.NotFound
    return row


__all__ = [
    "Amount", "Approvable", "ApprovalDecided", "ApprovalOutdated", "NotAPerson", "SamePerson", "Wish", "approvable",
    "approve", "do_or_ask", "limit_of", "person_of", "reject", "withdraw",
]  # fmt: skip
