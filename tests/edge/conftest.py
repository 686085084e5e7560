"""One world per module: a company in a transaction that never commits, and a savepoint for each test."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from tests.edge.world import World, savepoint


@pytest.fixture(scope="module")
def whole_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """A company that the tests of a module share; what is made in one test is gone in the next."""
    with (
        override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend", ROOT_URLCONF="config.urls"),
        override_settings(OUTBOUND_ALLOWED_NETWORKS=["127.0.0.0/8"]),
        django_db_blocker.unblock(),
        savepoint(),
    ):
        found = World()
        found.furnish()
        yield found


@pytest.fixture
def world(whole_world: World) -> Iterator[World]:
    """The company, in a savepoint of the test's own."""
    before = dict(whole_world.known)
    with savepoint():
        yield whole_world
    whole_world.known = before
