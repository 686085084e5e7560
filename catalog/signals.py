"""What happens to plans and add-ons. `subject` is the plan, or the add-on."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class PlanCreated(Event):
    """A plan exists, with a draft of its first version."""

    type: ClassVar[str] = "plan.created"

    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class PlanUpdated(Event):
    """The plan's own details changed; its versions did not."""

    type: ClassVar[str] = "plan.updated"

    code: str
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PlanRevised(Event):
    """The plan has a draft with other prices or features; subscriptions notice nothing."""

    type: ClassVar[str] = "plan.revised"

    code: str
    plan_version: str
    number: int


@dataclass(frozen=True, kw_only=True)
class PlanVersionPublished(Event):
    """A version is frozen and on offer; existing subscriptions stay on theirs."""

    type: ClassVar[str] = "plan.version_published"

    code: str
    plan_version: str
    number: int


@dataclass(frozen=True, kw_only=True)
class PlanArchived(Event):
    """The plan is off the offer; existing subscriptions go on."""

    type: ClassVar[str] = "plan.archived"

    code: str


@dataclass(frozen=True, kw_only=True)
class AddOnCreated(Event):
    """An add-on is on offer, with its prices."""

    type: ClassVar[str] = "addon.created"

    code: str
    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class AddOnArchived(Event):
    """The add-on is off the offer; subscriptions that have it keep it."""

    type: ClassVar[str] = "addon.archived"

    code: str
