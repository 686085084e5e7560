"""What happens to tax rates, as facts."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class TaxRateCreated(Event):
    """A tax rate counts from now on, or from its start; `percentage` is decimal text, of 100."""

    type: ClassVar[str] = "tax_rate.created"

    code: str
    percentage: str
    country: str
    region: str
    tax_code: str


@dataclass(frozen=True, kw_only=True)
class TaxRateUpdated(Event):
    """A tax rate's name or end changed; `changed` names the members, not their values."""

    type: ClassVar[str] = "tax_rate.updated"

    code: str
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TaxRateArchived(Event):
    """A tax rate counts no more; invoices keep what they have."""

    type: ClassVar[str] = "tax_rate.archived"

    code: str
    archived_at: datetime
