"""What no form of the console may be given to keep: card numbers and credentials, in whatever field they were typed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.redaction import holds_card, holds_secret

NEVER_STORED: Final = "This looks like a card number or a credential, which is never stored."


class Careful:
    """A form that refuses what must never be stored, beside the field in which it was typed."""

    # Of the form that this is mixed into.
    fields: Any
    cleaned_data: Any
    add_error: Any

    def clean(self) -> dict[str, Any]:
        """This function will refuse what must never be stored."""
        known: Any = super()
        given: dict[str, Any] = known.clean() or self.cleaned_data
        for name in self.fields:
            if any(holds_card(text) or holds_secret(text) for text in _texts(given.get(name))):
                self.add_error(name, NEVER_STORED)
        return given


def careful(form: type[Any]) -> type[Any]:
    """This function will return a form like another one that refuses what must never be stored."""
    return form if issubclass(form, Careful) else type(form.__name__, (Careful, form), {})


def _texts(value: Any) -> list[str]:
    """What somebody typed, wherever in a value it stands."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    return [text for part in value for text in _texts(part)] if isinstance(value, Sequence) else []
