"""A thread's first connection."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.postgres import signals
from django.db import connection, transaction

from core.models import Environment
from core.tenancy.system import system_scope


def _count_in_scope() -> int:
    try:
        with system_scope("test: a first query"), transaction.atomic():
            return Environment.objects.count()
    finally:
        connection.close()


def test_it_may_be_opened_inside_a_scope(committed: Any) -> None:
    forget: Any = signals.get_hstore_oids
    forget.cache_clear()
    with ThreadPoolExecutor(max_workers=1) as pool:
        assert pool.submit(_count_in_scope).result() >= 2
