"""Subscriptions, their changes, settings, analytics and migrations between versions on the console."""

from subscriptions.admin import _analytics, _changes, _migrations, _settings, _subscriptions

__all__ = ["_analytics", "_changes", "_migrations", "_settings", "_subscriptions"]
