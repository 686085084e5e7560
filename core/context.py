"""What is known of the request or job in hand, for log lines, facts and audit entries."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import structlog


@dataclass(frozen=True, kw_only=True)
class Context:
    """The request in hand. Outside HTTP, `request_id` is the correlation id of the job or command."""

    request_id: str = ""
    method: str = ""
    path: str = ""
    client_ip: str = ""


_current: ContextVar[Context] = ContextVar("request_context", default=Context())


def current() -> Context:
    """This function will return what is known of the work in hand; empty strings where nothing is."""
    return _current.get()


@contextmanager
def entered(**known: Any) -> Iterator[Context]:
    """This function will add to what is known for everything inside, and to each log line written there."""
    chosen = replace(_current.get(), **known)
    token = _current.set(chosen)
    try:
        with structlog.contextvars.bound_contextvars(request_id=chosen.request_id):
            yield chosen
    finally:
        _current.reset(token)
