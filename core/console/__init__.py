"""The operators' console: pages that only show, and buttons that call the same verbs as the API."""

from core.console._dashboard import Bar, Chart, Happened, chart, latest, overview, tile
from core.console._pages import ConsoleAdmin, ConsoleInline, DraftAdmin
from core.console._rooms import ROOMS, sidebar
from core.console._scope import ConsoleScope
from core.console._shown import badge, link, links, money
from core.console._verbs import ReasonForm, actor, verb

__all__ = [
    "ROOMS", "Bar", "Chart", "ConsoleAdmin", "ConsoleInline", "ConsoleScope", "DraftAdmin", "Happened", "ReasonForm",
    "actor", "badge", "chart", "latest", "link", "links", "money", "overview", "sidebar", "tile", "verb",
]  # fmt: skip
