"""Subscriptions and migrations between versions on the console."""

from subscriptions.admin import _migrations, _subscriptions

__all__ = ["_migrations", "_subscriptions"]
