"""Cases that say what a billing engine has to answer, run against the very functions that bill.

A case has an `input` and the answers that it expects; an adapter turns the input of its kind into a call of the
production function and the result back into those answers. Apps register theirs in `conformance.py`; the cases are in
`conformance/*.json`, and docs/conformance.md says how to verify another engine with them.
"""

from core.conformance import _kinds  # noqa: F401 - registers what the core answers
from core.conformance._files import Case, Document, Malformed, read
from core.conformance._registry import KINDS, Adapter, adapter, conforms
from core.conformance._running import Report, Tally, run
from core.conformance._values import choice, decimal, instant, known, truth, whole
from core.conformance._verifying import Outcome, same, shown, verify

__all__ = [
    "KINDS", "Adapter", "Case", "Document", "Malformed", "Outcome", "Report", "Tally", "adapter", "choice",
    "conforms", "decimal", "instant", "known", "read", "run", "same", "shown", "truth", "verify", "whole",
]  # fmt: skip
