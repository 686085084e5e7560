"""What happens to the settings of billing, as facts."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class BillingSettingsChanged(Event):
    """An environment bills otherwise from now on; `changed` names the members, not their values."""

    type: ClassVar[str] = "billing.settings_changed"

    changed: tuple[str, ...]
