"""Answers about stored value."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, Sum

from billing.models import WalletLot


@dataclass(frozen=True, kw_only=True)
class StoredValue:
    """Minor units that credit notes have left, and those of all other lots."""

    credit_minor: int
    wallet_minor: int

    @property
    def total_minor(self) -> int:
        """Both together."""
        return self.credit_minor + self.wallet_minor


def get_usable(customer_id: UUID, currency: str, at: datetime) -> StoredValue:
    """This function will return what a customer's wallet of a currency could pay at an instant; nothing without one.

    Nothing is locked: whoever uses it asks again.
    """
    is_noted = Q(source=WalletLot.Source.CREDIT_NOTE)
    lots = WalletLot.objects.filter(wallet__customer_id=customer_id, wallet__currency=currency).usable(at=at)
    sums = lots.aggregate(noted=Sum("left_minor", filter=is_noted), others=Sum("left_minor", filter=~is_noted))
    return StoredValue(credit_minor=int(sums["noted"] or 0), wallet_minor=int(sums["others"] or 0))
