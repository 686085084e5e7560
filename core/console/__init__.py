"""The operators' console: pages that only show, and buttons that call the same verbs as the API."""

from core.console._careful import careful
from core.console._dashboard import Bar, Chart, Happened, chart, drawn, latest, overview, tile
from core.console._many import verb_for_many
from core.console._pages import ConsoleAdmin, ConsoleInline, DraftAdmin, viewed
from core.console._rooms import ROOMS, sidebar
from core.console._scope import ConsoleScope
from core.console._shown import badge, link, links, money, short, title
from core.console._step_up import ask as ask_again
from core.console._step_up import is_fresh, note_proof, typed
from core.console._verbs import ReasonForm, Secret, actor, in_state, list_verb, verb

__all__ = [
    "ROOMS",
    "Bar",
    "Chart",
    "ConsoleAdmin",
    "ConsoleInline",
    "ConsoleScope",
    "DraftAdmin",
    "Happened",
    "ReasonForm",
    "Secret",
    "actor",
    "ask_again",
    "badge",
    "careful",
    "chart",
    "drawn",
    "in_state",
    "is_fresh",
    "latest",
    "link",
    "links",
    "list_verb",
    "money",
    "note_proof",
    "overview",
    "short",
    "sidebar",
    "tile",
    "title",
    "typed",
    "verb",
    "verb_for_many",
    "viewed",
]  # fmt: skip
