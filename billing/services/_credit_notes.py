"""What somebody may ask for about credit notes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import internal
from billing.internal import NewCreditNote
from billing.models import CreditNote
from billing.services import _keys
from core.actor import Actor


@transaction.atomic
def issue_credit_note(
    *,
    invoice_id: UUID,
    reason: str,
    key: str,
    actor: Actor,
    now: datetime,
    lines: Sequence[tuple[UUID, int | None]] | None = None,
    amount_minor: int | None = None,
    memo: str = "",
    settle: str = "",
) -> CreditNote:
    """Take back a finalized invoice or a part of it: the only correction there is.

    `lines` are lines of the invoice with an amount of each in minor units, tax included, or None for what is left of
    it; `amount_minor` instead is spread over all lines; without both all that is left is taken back. What is due is
    reduced first. The rest goes where `settle` says: `refund`, `wallet`, `out_of_band`; when it says nothing it is
    refunded from the invoice's payments, the last one first, or put into the wallet where there is none.

    This function will return the credit note, the one that the actor's `key` has made if there is one.

    :raises core.errors.NotFound: if the environment has no such invoice.
    :raises billing.internal.InvoiceNotCreditable: for a draft or void invoice, a paid top-up, and a gift in use.
    :raises billing.internal.CreditNoteUnclear: for lines and an amount, no line, or lines that are not the invoice's.
    :raises billing.crediting.CreditExceedsInvoice: if less is left.
    :raises billing.internal.SettlementUnknown: for another way than these.
    :raises payments.services.NothingToRefund: if more is to be refunded than was paid and not refunded.
    :raises billing.internal.CreditNoteKeyReused: if the key has credited another invoice.
    """
    new = NewCreditNote(
        invoice_id=invoice_id, key=_keys.of_request(actor, key), reason=CreditNote.Reason(reason), memo=memo,
        lines=lines, amount_minor=amount_minor, settle=settle,
    )  # fmt: skip
    return internal.issue_credit_note(new, actor=actor, now=now)
