"""Chains to play with."""

from typing import Any

import pytest

from audit import internal
from core import clock, tenancy
from core.actor import SYSTEM
from outbox.services import send_test_fact
from tests.session import Database
from tests.shared import environment_called

OLD, NEW = "insecure-local-audit-secret-of-32-bytes", "another-audit-secret-of-more-than-32-bytes"


@pytest.fixture
def sealed_for_good(committed: Database) -> Database:
    """A committed chain of one entry and one checkpoint."""
    with tenancy.scope(environment_called("sandbox").as_scope()):
        send_test_fact(note="one", actor=SYSTEM, now=clock.wall())
    internal.seal()
    internal.checkpoint()
    return committed


@pytest.fixture
def grow(environment: Any, now: Any) -> Any:
    """A function that lets the chain grow by some sealed entries."""

    def more(number: int, word: str = "entry") -> None:
        for count in range(number):
            send_test_fact(note=f"{word} {count}", actor=SYSTEM, now=now)
        internal.seal()

    return more


@pytest.fixture
def new_key(settings: Any) -> Any:
    """A function that configures another key, the former one being retired."""

    def configure(key_id: str = "k2", secret: str = NEW) -> None:
        old = {settings.AUDIT_HMAC_KEY_ID: settings.AUDIT_HMAC_SECRET}
        settings.AUDIT_HMAC_OLD_SECRETS = settings.AUDIT_HMAC_OLD_SECRETS | old
        settings.AUDIT_HMAC_KEY_ID, settings.AUDIT_HMAC_SECRET = key_id, secret

    return configure
