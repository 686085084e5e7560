"""Finding an API key by the part of it that is stored, in one statement on a path that every request takes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from accounts.models import ApiKey
from core import ids
from core.limits import CallerLimits, of_columns
from core.tenancy import Scope
from core.tenancy.system import system_scope

USE_NOTED_EVERY = timedelta(minutes=1)

# The function sees all environments; see the migration that makes it.
_FIND = "SELECT * FROM accounts_key_found(%s)"


@dataclass(frozen=True, kw_only=True)
class FoundKey:
    """A key's row and the environment it belongs to, its clock as of now."""

    id: UUID
    type: ApiKey.Type
    hash: bytes
    scopes: frozenset[str]
    ends: tuple[datetime | None, datetime | None]
    last_used_at: datetime | None
    scope: Scope
    limits: CallerLimits

    @property
    def public_id(self) -> str:
        return ids.encode(ApiKey.prefix, self.id)

    def is_usable(self, *, at: datetime) -> bool:
        """This function will tell whether the key is neither revoked nor expired at an instant."""
        return not any(end is not None and end <= at for end in self.ends)


def find(lookup: str, *, now: datetime) -> FoundKey | None:
    """This function will return the key that a text's public part belongs to, and note its use once a minute."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [lookup])
        row = cursor.fetchone()
    if row is None:
        return None
    key_id, kind, digest, scopes, expires_at, revoked_at, last_used_at, *rest = row
    environment_id, tenant_id, where, clock_at, own, shared = rest
    found = FoundKey(
        id=key_id, type=ApiKey.Type(kind), hash=bytes(digest), scopes=frozenset(scopes), last_used_at=last_used_at,
        ends=(revoked_at, expires_at),
        scope=Scope(environment_id=environment_id, tenant_id=tenant_id, kind=where, clock_at=clock_at),
        limits=CallerLimits(own=of_columns(own), shared=of_columns(shared)),
    )  # fmt: skip
    _note_use(found, now)
    return found


def _note_use(found: FoundKey, now: datetime) -> None:
    if found.last_used_at is not None and found.last_used_at + USE_NOTED_EVERY > now:
        return
    # The scope before the transaction, so that the database is told once.
    with system_scope("accounts: a key was used"), transaction.atomic():
        # Of many requests in the same minute one writes; the others find the row as they want it.
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=found.id).update(last_used_at=now)
