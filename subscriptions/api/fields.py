"""Fields of subscriptions' own."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from core.http.serializers import Instant


class WordOrInstant(Instant):
    """One of a few words, or a moment."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        self.words = tuple(words)
        moment = {"type": "string", "format": "date-time"}
        self.json_schema = {"anyOf": [{"type": "string", "enum": list(self.words)}, moment]}

    def to_internal_value(self, data: Any) -> Any:
        """This function will accept one of the words, or a moment with an offset."""
        return data if type(data) is str and data in self.words else super().to_internal_value(data)

    def to_representation(self, value: Any) -> str:
        """This function will write the word, or the moment in UTC."""
        return super().to_representation(value) if isinstance(value, datetime) else str(value)
