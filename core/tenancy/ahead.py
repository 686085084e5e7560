"""Statements that are sent ahead: PostgreSQL works on them while Python prepares what comes next.

A batch keeps one of the two waiting half of the time, unless what is written is sent without waiting for its outcome.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def ahead() -> Iterator[None]:
    """This function will have the statements inside sent one after the other, without waiting for what comes of them.

    Whoever looks at an answer waits for it, and for all before it. What a statement violates is refused at the next
    look, at a savepoint or at the end of the block; so inside, nobody answers a refusal without a savepoint.

    :raises RuntimeError: outside a transaction.
    :raises django.db.Error: as the statements would.
    """
    database = transaction.get_connection()
    if not database.in_atomic_block:
        raise RuntimeError("statements are sent ahead within a transaction")
    with database.sending_ahead():
        yield


def check() -> None:
    """This function will have what waits for the commit to be checked, foreign keys above all, checked by now.

    Sent ahead, it is PostgreSQL's work for as long as Python works; at the commit both would wait for it.

    :raises django.db.IntegrityError: as the commit would, for what has been written so far.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
