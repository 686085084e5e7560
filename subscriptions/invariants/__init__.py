"""What must hold of every subscription and of what it is worth, for `manage.py check_invariants`."""

from subscriptions.invariants import _changes, _mrr, _pauses, _subscriptions, _trials

__all__ = ["_changes", "_mrr", "_pauses", "_subscriptions", "_trials"]
