"""The mail about a step of dunning, unless what it would say is no longer so."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from billing.documents import formats
from billing.documents.dunning_letters import Notice, letter_of
from billing.documents.letters import Letter
from billing.internal._document_content import content_of_invoice
from billing.models import DunningCase, DunningStep
from billing.selectors import _documents as printed
from billing.selectors import ends_before

# What the customer is told, by the kind of step; every attempt that failed after the first is told as `failed`.
_ABOUT: Final = {kind: kind for kind in ("declined", "grace_ended", "extended", "exhausted", "recovered")}
# News that are none any more once the dunning is over.
_ONLY_WHILE_OPEN: Final = ("declined", "failed", "grace_ended", "extended")


@dataclass(frozen=True, kw_only=True)
class DunningLetter:
    """A mail about a declined invoice."""

    to: str
    letter: Letter


@transaction.atomic
def write_dunning_notice(step_id: UUID, *, now: datetime) -> DunningLetter | None:
    """This function will return the mail about a step; None where nobody can be told, or it is news no more."""
    step = DunningStep.objects.select_related("case__invoice").get(pk=step_id)
    case, about = step.case, _ABOUT.get(step.kind, "failed")
    if printed.unsendable(case.invoice) is not None or (not case.is_open and about in _ONLY_WHILE_OPEN):
        return None
    locale = printed.locale_of(case.invoice)
    notice = _notice(case, about, locale=locale, now=now)
    to: str = case.invoice.customer_snapshot["email"]
    return DunningLetter(to=to, letter=letter_of(notice, formats.locale_of(locale)))


def _notice(case: DunningCase, about: str, *, locale: str, now: datetime) -> Notice:
    content = content_of_invoice(case.invoice, locale=locale)
    until = _access_until(case)
    zone = ZoneInfo(case.invoice.customer_snapshot.get("timezone") or "UTC")
    return Notice(
        about=about, issuer=content.issuer.name, number=content.number, currency=case.currency,
        due_minor=case.invoice.due_minor, is_hard=case.is_hard, payment_url=content.payment_url,
        retry_on=None if _is_ended_before_retry(case) else _day(case.next_attempt_at, zone),
        use_until=_day(until, zone) if until is not None and until > now else None,
    )  # fmt: skip


def _access_until(case: DunningCase) -> datetime | None:
    row: Any = DunningCase.objects.with_access().get(pk=case.pk)
    found: datetime | None = row.access_until
    return found


def _is_ended_before_retry(case: DunningCase) -> bool:
    """Another unpaid invoice may end what this one bills before it would be tried again."""
    at = case.next_attempt_at
    return at is not None and bool(case.reference) and ends_before(case.reference, at)


def _day(at: datetime | None, zone: ZoneInfo) -> date | None:
    return at.astimezone(zone).date() if at else None
