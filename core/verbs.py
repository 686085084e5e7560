"""Verbs: one function, one transaction; and where a verb is part of another, the other's."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection
from django.db.transaction import Atomic

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Block(Atomic):
    """The transaction of a verb, or the savepoint that undoes it alone where it is called in a larger one."""


def block() -> Block:
    """This function will return a transaction for a verb: the caller's, without a savepoint, if he is a verb himself.

    A verb that is refused inside another takes the other with it, so a savepoint of its own would only cost. Whoever
    means to go on after a refusal calls the verb inside `transaction.atomic()`; Django tells whoever forgets: it lets
    no statement follow.
    """
    is_part = any(isinstance(one, Block) for one in connection.atomic_blocks)
    return Block(using=None, savepoint=not is_part, durable=False)


def whole() -> Block:
    """This function will return the block of work that has a transaction to itself: refused, it takes it along."""
    return Block(using=None, savepoint=False, durable=False)


def verb(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """This function will return a function that does all or nothing."""

    @wraps(function)
    def run(*given: Given.args, **named: Given.kwargs) -> Answer:
        with block():
            return function(*given, **named)

    return run
