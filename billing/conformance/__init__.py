"""Conformance cases that billing answers."""

from billing.conformance import _dunning, _money

__all__ = ["_dunning", "_money"]
