"""What can be wrong with a chain."""

from dataclasses import dataclass
from typing import Final

KINDS: Final = (
    "edited", "deleted", "reordered", "truncated", "forked", "unknown_kid", "anchor_mismatch", "trigger_missing",
    "unguarded",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Break:
    """The first thing wrong with a chain, at which place; or with a table of the log, whose place is 0.

    `unguarded` is what the catalogue tells beside missing triggers: an owner, a privilege or a policy that lets the
    application change what it wrote.
    """

    chain: str
    sequence: int
    kind: str
    detail: str
