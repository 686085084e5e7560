"""Worlds that the tests of a module share: each is built once, in a transaction that stays open until the module ends.

A test marked `django_db` then works in a savepoint of that transaction instead of in a transaction of its own, and
leaves the world as it found it. What it must not do is close the connection, or commit on another one.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from core import tenancy
from core.models import Environment
from core.tenancy import Scope
from jobs import leases

Made = TypeVar("Made")
Freeze = Callable[[datetime], None]


def environment_called(slug: str) -> Environment:
    """Return an environment of the default tenant."""
    with transaction.atomic():
        return Environment.objects.get(tenant__slug="default", slug=slug)


@contextmanager
def working() -> Iterator[Scope]:
    """Work in the sandbox's scope, inside one connection's transaction."""
    with pytest.MonkeyPatch.context() as patch, tenancy.scope(environment_called("sandbox").as_scope()) as entered:
        # On its own connection the keeper sees nothing that a test has not committed: each lease would be lost to it.
        patch.setattr(leases.keeper, "_beat_or_log", lambda: None)
        yield entered


@contextmanager
def freezing(environment: Scope) -> Iterator[Freeze]:
    """Lend a function that freezes the sandbox's clock at an instant, for verbs, jobs and requests alike."""
    with ExitStack() as entered:

        def freeze_at(instant: datetime) -> None:
            Environment.objects.filter(pk=environment.environment_id).update(clock_at=instant)
            entered.enter_context(tenancy.scope(environment_called("sandbox").as_scope()))

        yield freeze_at


class Worlds:
    """The open transaction of a module, and the way to build in it."""

    def __init__(self, blocker: DjangoDbBlocker) -> None:
        self._blocker = blocker

    def build(self, arrange: Callable[[Freeze], Made]) -> Made:
        """Arrange things in the sandbox; this function will return what was made, checked as a commit would."""
        with self._blocker.unblock(), working() as sandbox, freezing(sandbox) as freeze:
            made = arrange(freeze)
            check_now()
        return made


@contextmanager
def opened(blocker: DjangoDbBlocker) -> Iterator[Worlds]:
    """Open the module's transaction, and roll it back at the end."""
    with ExitStack() as stack:
        with blocker.unblock():
            block = _test_block()
            block.__enter__()
        stack.callback(_roll_back, block, blocker)
        yield Worlds(blocker)


def _test_block() -> Any:
    """One of Django's own test cases' blocks: what the house does at a commit, it does at the savepoints in it."""
    block: Any = transaction.atomic()
    block._from_testcase = True
    return block


def _roll_back(block: Any, blocker: DjangoDbBlocker) -> None:
    with blocker.unblock():
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


def check_now() -> None:
    """Check what is deferred to the commit, which the transaction of a test never sees."""
    connection.check_constraints()
