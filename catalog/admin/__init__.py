"""The catalog on the console."""

from catalog.admin import _addons, _plans, _prices

__all__ = ["_addons", "_plans", "_prices"]
