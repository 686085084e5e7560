"""What this app says has happened. No fact carries a password, a key, a token, a name or an e-mail address."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class CustomerCreated(Event):
    """Somebody who can be billed exists; `subject` and `customer` are his id."""

    type: ClassVar[str] = "customer.created"

    customer: str
    external_ref: str | None


@dataclass(frozen=True, kw_only=True)
class CustomerUpdated(Event):
    """A customer's particulars changed; `changed` names the members, not their values."""

    type: ClassVar[str] = "customer.updated"

    customer: str
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CustomerRegistered(Event):
    """A customer made a login of his own."""

    type: ClassVar[str] = "customer.registered"

    customer: str


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """A login's password was replaced; all its sessions ended."""

    type: ClassVar[str] = "customer.password_changed"

    customer: str
    by_reset: bool


@dataclass(frozen=True, kw_only=True)
class SessionsEnded(Event):
    """A person logged out everywhere; `subject` is the customer or the member."""

    type: ClassVar[str] = "session.all_ended"


@dataclass(frozen=True, kw_only=True)
class OriginsAllowed(Event):
    """Web pages of these origins, and of no others, may read the API's answers in the environment."""

    type: ClassVar[str] = "environment.origins_allowed"

    origins: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class ApiKeyLimited(Event):
    """How often a key may be used was set by an operator. What is null is as the settings say."""

    type: ClassVar[str] = "api_key.limited"

    reads_per_minute: int | None
    writes_per_minute: int | None
    ingestion_per_second: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class EnvironmentLimited(Event):
    """How often everybody in the environment may ask together was set. What is null is as the settings say."""

    type: ClassVar[str] = "environment.limited"

    reads_per_minute: int | None
    writes_per_minute: int | None
    ingestion_per_second: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class RefreshTokenReused(Event):
    """A refresh token came back after its successor had been handed out: its whole session was ended."""

    type: ClassVar[str] = "session.token_reused"

    session: str


@dataclass(frozen=True, kw_only=True)
class ApiKeyIssued(Event):
    """An API key exists; `subject` is its id."""

    type: ClassVar[str] = "api_key.issued"

    key_type: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ApiKeyRevoked(Event):
    """An API key was given an end; `ends_at` lies ahead while a rotation overlaps."""

    type: ClassVar[str] = "api_key.revoked"

    ends_at: datetime
    replaced_by: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class MemberInvited(Event):
    """Somebody was made a member of the tenant; `user` is the person, `subject` the membership."""

    type: ClassVar[str] = "member.invited"

    user: str
    role: str


@dataclass(frozen=True, kw_only=True)
class MemberRoleChanged(Event):
    """A member was given another role."""

    type: ClassVar[str] = "member.role_changed"

    user: str
    old_role: str
    role: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(Event):
    """Somebody is no member of the tenant any more."""

    type: ClassVar[str] = "member.removed"

    user: str
    role: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EmailVerified(Event):
    """A customer followed a link that was mailed to his address."""

    type: ClassVar[str] = "customer.email_verified"

    customer: str


@dataclass(frozen=True, kw_only=True)
class ApprovalRequested(Event):
    """Somebody asked for what is above his limit; `target` is what it is about, `asked_by` who asked."""

    type: ClassVar[str] = "approval.requested"

    verb: str
    target: str
    amount_minor: int
    currency: str
    asked_by: str
    reason: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class ApprovalApproved(Event):
    """Somebody else approved it, and it was done; `result` is what it made."""

    type: ClassVar[str] = "approval.approved"

    verb: str
    target: str
    amount_minor: int
    currency: str
    asked_by: str
    result: str


@dataclass(frozen=True, kw_only=True)
class ApprovalRejected(Event):
    """Somebody else refused it."""

    type: ClassVar[str] = "approval.rejected"

    verb: str
    target: str
    amount_minor: int
    currency: str
    asked_by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ApprovalWithdrawn(Event):
    """Who asked took it back."""

    type: ClassVar[str] = "approval.withdrawn"

    verb: str
    target: str
    amount_minor: int
    currency: str
    asked_by: str


@dataclass(frozen=True, kw_only=True)
class ApprovalExpired(Event):
    """Nobody decided about it in time."""

    type: ClassVar[str] = "approval.expired"

    verb: str
    target: str
    amount_minor: int
    currency: str
    asked_by: str
