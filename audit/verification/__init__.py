"""Proving the log: every entry as it was signed, every seal in its place, nothing missing in between or at the end."""

from audit.verification._anchors import Anchor, UnreadableAnchors, read_anchors
from audit.verification._breaks import Break
from audit.verification._catalog import GUARDED, unguarded
from audit.verification._chains import Walked, verify, verify_chain

__all__ = [
    "GUARDED", "Anchor", "Break", "UnreadableAnchors", "Walked", "read_anchors", "unguarded", "verify", "verify_chain",
]  # fmt: skip
