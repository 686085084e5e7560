"""Writing the books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing import postings
from billing.models import Account, Invoice, Journal, Posting
from core.tenancy import writes as tables


@dataclass(frozen=True, kw_only=True)
class Booking:
    """One business event to book: `reference` is unique in the environment, such as `payment:pay_…`."""

    reference: str
    kind: str
    currency: str
    at: datetime
    invoice: Invoice | None = None
    subject_id: UUID | None = None


def is_booked(reference: str) -> bool:
    """This function will tell whether a business event is in the books already."""
    return Journal.objects.filter(reference=reference).exists()


def post(
    booking: Booking,
    entries: Sequence[postings.Entry],
    *,
    known: Mapping[str, UUID] | None = None,
    changed: Sequence[tables.Changed] = (),
) -> Journal:
    """This function will write a journal in the caller's transaction, and with it the rows that `changed`.

    `known` are ids of accounts of the currency by code, where they have been looked up already.

    :raises ValueError: if the entries do not sum to zero or are fewer than two; the database checks again at commit.
    :raises django.db.IntegrityError: if the business event is booked already.
    """
    return post_many([(booking, entries)], known=known, changed=changed)[0]


def post_many(
    booked: Sequence[tuple[Booking, Sequence[postings.Entry]]],
    *,
    known: Mapping[str, UUID] | None = None,
    changed: Sequence[tables.Changed] = (),
) -> list[Journal]:
    """This function will write journals of one currency as `post` does, and the rows that `changed`, all at once."""
    for booking, entries in booked:
        if not postings.balances(entries):
            raise ValueError(f"{booking.reference} does not balance: {entries}")
    first, codes = booked[0][0], {entry.account for _, entries in booked for entry in entries}
    accounts = _account_ids(codes, first.currency, first.at, known or {})
    journals = [_journal(booking) for booking, _ in booked]
    rows = [
        Posting.fresh(
            journal_id=journal.pk, account_id=accounts[entry.account], amount_minor=entry.amount_minor,
            currency=booking.currency,
        )
        for journal, (booking, entries) in zip(journals, booked, strict=True)
        for entry in entries
    ]  # fmt: skip
    tables.later([*journals, *rows], changed)
    return journals


def _journal(booking: Booking) -> Journal:
    return Journal.fresh(
        reference=booking.reference, kind=booking.kind, at=booking.at, subject_id=booking.subject_id,
        invoice_id=booking.invoice.pk if booking.invoice else None,
    )  # fmt: skip


def entries_of(reference: str) -> list[postings.Entry]:
    """This function will return what a business event moved, as it was booked; nothing if it is not."""
    rows = (
        Posting.objects.filter(journal__reference=reference).order_by("id").values_list("account__code", "amount_minor")
    )
    return [postings.Entry(account=code, amount_minor=amount) for code, amount in rows]


def _account_ids(codes: set[str], currency: str, at: datetime, known: Mapping[str, UUID]) -> Mapping[str, UUID]:
    if codes <= known.keys():
        return known
    found = dict(Account.objects.filter(code__in=codes, currency=currency).values_list("code", "id"))
    missing = codes - found.keys()
    if not missing:
        return found
    # Two transactions may open one account at the same time; whoever comes second finds the first one's.
    Account.objects.bulk_create(
        [Account(code=code, currency=currency, created_at=at) for code in sorted(missing)], ignore_conflicts=True
    )
    return dict(Account.objects.filter(code__in=codes, currency=currency).values_list("code", "id"))
