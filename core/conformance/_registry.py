"""Which kinds of cases there are, and who answers them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

Answer = Callable[[dict[str, Any]], dict[str, Any]]

# Every kind in which cases are written. One without an adapter is known, and not answered yet.
KINDS: Final = tuple(
    "aggregate allocate client_ip dunning flags invoice money mrr period price proration redact request_id retry"
    " signature url_guard wallet".split()
)


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """`answer` computes from a case's input all that a case of the kind may expect; `members` is what it reads."""

    kind: str
    members: frozenset[str]
    answer: Answer


_adapters: dict[str, Adapter] = {}


def conforms(kind: str, *, reads: str) -> Callable[[Answer], Answer]:
    """Register the production functions of a kind.

    `reads` names the members of an input, separated by spaces; an input with any other member is a mistake in the case,
    such as a misspelled `maximum_amount` that would change nothing. This function will answer a decorator.

    :raises ValueError: the kind is not in `KINDS`, or has an adapter already.
    """

    def register(answer: Answer) -> Answer:
        if kind not in KINDS or kind in _adapters:
            raise ValueError(f"{kind} is no kind, or is registered twice")
        _adapters[kind] = Adapter(kind=kind, members=frozenset(reads.split()), answer=answer)
        return answer

    return register


def adapter(kind: str) -> Adapter | None:
    """This function will return who answers a kind, or None for one that nobody answers yet."""
    return _adapters.get(kind)
