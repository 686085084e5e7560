"""Answers about the dunning of declined invoices."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Sum
from django.db.models.functions import TruncMonth

from billing.dunning import DEFAULT, EndAction, Policy
from billing.models import DunningCase, DunningPolicy
from catalog import selectors as catalog
from core import ids

State = DunningCase.State


@dataclass(frozen=True, kw_only=True)
class PolicyView:
    """A policy in force: of a plan, or (`plan` None) of the environment; `is_own` if it was decided there."""

    plan: str | None
    is_own: bool
    policy: Policy

    def __getattr__(self, name: str) -> Any:
        """This function will answer what the policy says."""
        return getattr(self.policy, name)


_LOST: Final = (State.EXHAUSTED, State.WRITTEN_OFF)
_COMING_TO_AN_END: Final = (State.OPEN, State.EXHAUSTED)


@dataclass(frozen=True, kw_only=True)
class RecoveryFigures:
    """What dunning brought and what it did not, in minor units of `currency`; `month` is its first day, in UTC."""

    month: date
    currency: str
    recovered_minor: int
    lost_minor: int


def get_dunning_policy(plan: str = "") -> PolicyView:
    """This function will return how declines are followed up: by the plan's own policy, the environment's, or ours."""
    found = {row.plan: row for row in DunningPolicy.objects.filter(plan__in={"", plan})}
    row = found.get(plan) or found.get("")
    return PolicyView(plan=plan or None, is_own=plan in found, policy=row.policy if row else DEFAULT)


def is_plan(plan: str) -> bool:
    """This function will tell whether a public id is that of a plan of the environment."""
    return catalog.find_plan(plan) is not None


def is_followed_up(invoice_id: UUID) -> bool:
    """This function will tell whether the dunning of an invoice has begun."""
    return DunningCase.objects.filter(invoice_id=invoice_id).exists()


def find_end_action(invoice_id: UUID) -> str | None:
    """This function will return how what an invoice billed is to end that was given up; None if it was not."""
    lost = DunningCase.objects.filter(invoice_id=invoice_id, state__in=_LOST)
    return lost.values_list("end_action", flat=True).first()


def list_given_up(reference: str, end_action: str) -> tuple[str, ...]:
    """This function will return the invoices of an agreement that are owed and were given up by a policy that ends so.

    They are public ids, the oldest first.
    """
    rows = DunningCase.objects.about(reference).filter(state=State.EXHAUSTED, end_action=end_action)
    return tuple(ids.encode("inv", one) for one in rows.order_by("invoice_id").values_list("invoice_id", flat=True))


def is_grace_over(reference: str) -> bool:
    """This function will tell whether what is billed by a reference may no longer be used, as it is not paid for."""
    return bool(reference) and DunningCase.objects.about(reference).grace_over().exists()


def ends_before(reference: str, at: datetime) -> bool:
    """This function will tell whether what is billed by a reference ends before an instant, unless somebody pays."""
    ending = DunningCase.objects.about(reference).exclude(end_action=EndAction.LEAVE)
    return any(case.state == State.EXHAUSTED or case.end_at < at for case in ending.filter(state__in=_COMING_TO_AN_END))


def list_recoveries() -> tuple[RecoveryFigures, ...]:
    """This function will return, per month and currency, what was recovered and what was lost in it."""
    rows = (
        DunningCase.objects.filter(state__in=(State.RECOVERED, *_LOST))
        .annotate(month=TruncMonth("closed_at", tzinfo=UTC))
        .order_by("month", "currency")
        .values_list("month", "currency", "state")
        .annotate(Sum("closed_minor"))
    )
    sums: dict[tuple[date, str], list[int]] = {}
    for month, currency, state, minor in rows:
        sums.setdefault((month.date(), currency), [0, 0])[state in _LOST] += int(minor)
    return tuple(
        RecoveryFigures(month=month, currency=currency, recovered_minor=recovered, lost_minor=lost)
        for (month, currency), (recovered, lost) in sorted(sums.items())
    )
