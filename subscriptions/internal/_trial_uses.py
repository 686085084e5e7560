"""One trial per family, also for whoever registers anew with the same mailbox or pays with the same card."""

import hashlib
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.selectors import get_mailbox
from catalog.selectors import PlanTerms
from core import errors, problems
from core.tenancy.writes import insert_once
from payments.selectors import list_fingerprints
from subscriptions import states
from subscriptions.models import Subscription, TrialUse

Mark = tuple[str, str]
_CUSTOMER: Final = TrialUse.Kind.CUSTOMER.value
_EMAIL: Final = TrialUse.Kind.EMAIL.value
_CARD: Final = TrialUse.Kind.CARD.value


class TrialAlreadyUsed(errors.Conflict):
    code = "trial_already_used"
    title = "The customer, his mailbox or his card has had a trial of this family already."


problems.constraint("subscriptions_trialuse_once", TrialAlreadyUsed)


def has_trial_left(subscription: Subscription) -> bool:
    """This function will tell whether there are days of trial, and the customer has not had a trial of the family.

    Neither may his mailbox or a card of his. Without a family it is the plan that is tried once.
    """
    return bool(subscription.trial_days) and not _has_had_trial(subscription, _scope_of(subscription))


def tries_another(subscription: Subscription, terms: PlanTerms) -> bool:
    """This function will tell whether a trial that goes on with a plan becomes one of another family, or plan.

    :raises TrialAlreadyUsed: if that has been tried with another subscription.
    """
    scope = _scope(terms.family, terms.plan_id)
    if scope == _scope_of(subscription):
        return False
    if not _is_of(subscription, scope) and _has_had_trial(subscription, scope):
        raise TrialAlreadyUsed("The trial cannot go on with that plan: end it first, or change with the first period.")
    return True


def note_trial(subscription: Subscription, *, now: datetime) -> None:
    """This function will note with what a saved subscription's trial is had; that its customer has it is noted already.

    The unique index refuses whoever comes second with one of it in the same instant.
    """
    marks = [mark for mark in _marks(subscription) if mark[0] != _CUSTOMER]
    TrialUse.objects.bulk_create([_row(subscription, mark, now) for mark in marks])


def note_another_trial(subscription: Subscription, *, now: datetime) -> None:
    """This function will note that a saved subscription's trial goes on as one of another family, or plan.

    Who goes back to what he has begun with keeps it, whoever else has used his cards meanwhile.
    """
    rows = [_row(subscription, mark, now) for mark in _marks(subscription)]
    if _is_of(subscription, _scope_of(subscription)):
        for row in rows:
            insert_once(row)
    else:
        TrialUse.objects.bulk_create(rows)


@transaction.atomic
def note_cards_of(*, customer_id: UUID, now: datetime) -> int:
    """This function will note a customer's cards for the trials he is in, and return how many were new.

    Who has tried with one of them before keeps what he has; it may be repeated.
    """
    rows = list(Subscription.objects.filter(customer_id=customer_id, status=states.TRIALING).order_by("id"))
    marks = [mark for mark in _marks(rows[0]) if mark[0] == _CARD] if rows else []
    return sum(insert_once(_row(row, mark, now)) for row in rows for mark in marks)


def _is_of(subscription: Subscription, scope: str) -> bool:
    """Whether the trial that runs is, or has been, one of a scope."""
    return TrialUse.objects.filter(subscription_id=subscription.pk, scope=scope).exists()


def _has_had_trial(subscription: Subscription, scope: str) -> bool:
    """What a subscription is of now tells nothing: who has tried and paid since may have changed to anything."""
    kinds, digests = zip(*_marks(subscription), strict=True)
    used = TrialUse.objects.filter(scope=scope, kind__in=set(kinds), digest__in=digests)
    return used.exclude(subscription_id=subscription.pk).exists()


def _marks(subscription: Subscription) -> list[Mark]:
    customer_id = subscription.customer_id
    found = [(_CUSTOMER, str(customer_id)), (_EMAIL, get_mailbox(customer_id))]
    found += [(_CARD, one) for one in sorted(set(list_fingerprints(customer_id)))]
    return [(kind, _digest(kind, text)) for kind, text in found]


def _row(subscription: Subscription, mark: Mark, now: datetime) -> TrialUse:
    kind, digest = mark
    return TrialUse(
        subscription=subscription, scope=_scope_of(subscription), kind=kind, digest=digest, created_at=now
    )  # fmt: skip


def _scope_of(subscription: Subscription) -> str:
    return _scope(subscription.family, subscription.plan_id)


def _scope(family: str | None, plan_id: UUID) -> str:
    return f"plan:{plan_id}" if family is None else f"family:{family}"


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()
