"""Lines that wait for the next invoice of their agreement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.lines import NewLine, from_content, postponed, to_content
from billing.models import Invoice, PendingLine
from billing.signals import CreditCarried
from core import events, ids
from core.actor import Actor
from core.tenancy.writes import write


@transaction.atomic
def add_pending(
    lines: Sequence[NewLine], *, customer_id: UUID, reference: str, currency: str, key: str, now: datetime
) -> None:
    """This function will let priced lines wait for the next invoice of an agreement (public id), once per key."""
    PendingLine.objects.bulk_create(
        [
            PendingLine(
                customer_id=customer_id, reference=reference, key=f"{key}:{number}", currency=currency,
                amount_minor=line.amount_minor, content=to_content(line), created_at=now,
            )
            for number, line in enumerate(lines, start=1)
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def take_up(invoice_reference: str, *, currency: str) -> tuple[list[NewLine], list[UUID]]:
    """This function will lock and return what waits for an agreement's next invoice, and the ids of these rows."""
    if not invoice_reference:
        return [], []
    rows = PendingLine.objects.about(invoice_reference).waiting().filter(currency=currency)
    found = list(rows.select_for_update().order_by("id"))
    return [from_content(row.content) for row in found], [row.id for row in found]


def waiting_by_reference(references: Sequence[str]) -> dict[str, list[PendingLine]]:
    """This function will lock and return what waits for the next invoice of each of some agreements, by one query."""
    found: dict[str, list[PendingLine]] = {reference: [] for reference in references}
    for row in PendingLine.objects.waiting().filter(reference__in=references).select_for_update().order_by("id"):
        found[row.reference].append(row)
    return found


def mark_many_taken(taken: Sequence[tuple[PendingLine, Invoice]], *, now: datetime) -> None:
    """This function will note which invoices took up waiting lines, by one statement."""
    for row, invoice in taken:
        row.invoice, row.taken_at = invoice, now
    write([], [(row, ("invoice", "taken_at")) for row, _ in taken])


def mark_taken(row_ids: Sequence[UUID], invoice: Invoice, *, now: datetime) -> None:
    """This function will note which invoice took up waiting lines."""
    if row_ids:
        PendingLine.objects.filter(pk__in=row_ids).update(invoice=invoice, taken_at=now)


def carry(invoice: Invoice, credits_left: Sequence[NewLine], *, actor: Actor, now: datetime) -> None:
    """This function will let the credits wait that an invoice cannot bear, and say so."""
    if not credits_left:
        return
    add_pending(
        credits_left, customer_id=invoice.customer_id, reference=invoice.reference, currency=invoice.currency,
        key=_carried(invoice).rstrip(":"), now=now,
    )  # fmt: skip
    events.publish(
        CreditCarried(
            subject=invoice.public_id, actor=actor.label, at=now, customer=ids.encode("cus", invoice.customer_id),
            reference=invoice.reference, amount_minor=-sum(line.amount_minor for line in credits_left),
            currency=invoice.currency,
        )
    )  # fmt: skip


def forget_carried(invoice: Invoice) -> None:
    """This function will take back what a draft carried: written again, it carries its credits again."""
    PendingLine.objects.waiting().filter(key__startswith=_carried(invoice)).delete()


def carried_by(invoice: Invoice) -> list[NewLine]:
    """This function will return the credits that wait because a draft could not bear them."""
    rows = PendingLine.objects.about(invoice.reference).waiting().filter(key__startswith=_carried(invoice))
    return [from_content(row.content) for row in rows.order_by("id")]


def carried_by_drafts(reference: str) -> tuple[str, ...]:
    """This function will return what the keys begin with of credits that drafts of an agreement carry."""
    drafts = Invoice.objects.about(reference).filter(state=Invoice.State.DRAFT)
    return tuple(_carried(draft) for draft in drafts)


def give_back(invoice: Invoice, *, now: datetime) -> None:
    """This function will let the credits wait again that an invoice took up which is void or deleted.

    What it carried on waits or was used already, so only what it bore itself comes back; charges do not.
    """
    taken_up = [from_content(row.content) for row in PendingLine.objects.filter(invoice=invoice).order_by("id")]
    carried = PendingLine.objects.filter(key__startswith=_carried(invoice)).values_list("amount_minor", flat=True)
    borne, _ = postponed([line for line in taken_up if line.amount_minor < 0], -sum(carried))
    add_pending(
        borne, customer_id=invoice.customer_id, reference=invoice.reference, currency=invoice.currency,
        key=f"returned:{invoice.public_id}", now=now,
    )  # fmt: skip


def _carried(invoice: Invoice) -> str:
    return f"carried:{invoice.public_id}:"
