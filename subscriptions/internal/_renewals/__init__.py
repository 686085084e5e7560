"""Renewing many subscriptions at once: what `renew` does to each, in a number of statements that does not grow."""

from subscriptions.internal._renewals._renew_many import renew_many

__all__ = ["renew_many"]
