"""What operators have done to features."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class FlagOverridden(Event):
    """An operator decided about a feature; `percentage`, `customers` and `tenants` (public ids) say for whom."""

    type: ClassVar[str] = "feature_flag.overridden"

    flag: str
    is_on: bool
    percentage: int | None
    customers: tuple[str, ...]
    reason: str
    tenants: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FlagCleared(Event):
    """An operator's decision about a feature was taken back."""

    type: ClassVar[str] = "feature_flag.cleared"

    flag: str
    reason: str
