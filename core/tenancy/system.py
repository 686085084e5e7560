"""Work across environments: scans for what is due, authentication before the environment is known, the console.

It has a module of its own so that it is easy to grep and a contract can keep it out of every `api/`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.tenancy.scopes import SystemScope, entered

log = structlog.get_logger(__name__)


@contextmanager
def system_scope(reason: str) -> Iterator[None]:
    """This function will let everything inside see all environments; the reason reaches the database and the log."""
    if not reason.strip():
        raise ValueError("the system scope needs a reason")
    log.debug("tenancy.system_scope", reason=reason)
    with entered(SystemScope(reason=reason)):
        yield
