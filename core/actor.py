"""Who does something: an API key, a customer, a member, an operator, or the house itself."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The author of a change, as verbs, facts and the audit log know him.

    `type` is one of `key`, `customer`, `member`, `operator`, `system`, `anonymous`; `id` his public id. `scopes` are
    what a key or a role may do (`read`, `write`, `usage:write`, …); `customer_id` is set for a customer, who sees only
    himself. `authenticated_at` is when a person last typed his password, by the machine's clock.
    """

    # What Django and DRF ask of whoever sits in `request.user`.
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True

    type: str
    id: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    role: str | None = None
    customer_id: UUID | None = None
    authenticated_at: datetime | None = None

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Who it is in one word, such as `key:key_01…`; what facts and audit entries carry."""
        return f"{self.type}:{self.id}"

    @property
    def is_customer(self) -> bool:
        return self.type == "customer"

    @property
    def pk(self) -> Any:
        return self.id

    def may(self, scope: str) -> bool:
        """This function will tell whether the actor holds a scope such as `invoices:write`, or a wider one."""
        verb = scope.rpartition(":")[2]
        wider = {scope, verb} | ({f"{scope.partition(':')[0]}:write", "write"} if verb == "read" else set())
        return bool(self.scopes & wider)


SYSTEM = Actor(type="system", id="worker", scopes=frozenset({"read", "write"}))
ANONYMOUS = Actor(type="anonymous", id="anonymous")
