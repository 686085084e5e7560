"""Fields of subscriptions' own."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rest_framework import serializers

from core.http.serializers import Instant


class When(serializers.Field[Any, Any, str, Any]):
    """When something takes effect: one of a few words, or a moment as RFC 3339 with an offset."""

    default_error_messages = {"not_a_time": "One of {words}, or a moment such as 2026-01-31T12:00:00Z, is needed."}

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        self.words = tuple(words)
        moment = {"type": "string", "format": "date-time"}
        self.json_schema = {"oneOf": [{"type": "string", "enum": list(self.words)}, moment]}

    def to_internal_value(self, data: Any) -> str | datetime:
        """This function will accept a word, or a moment with an offset."""
        if type(data) is str and data in self.words:
            return str(data)
        if type(data) is not str or not data[:1].isdigit():
            self.fail("not_a_time", words=", ".join(self.words))
        moment: datetime = Instant().run_validation(data)
        return moment

    def to_representation(self, value: Any) -> str:
        """This function will write the word or the moment."""
        return Instant().to_representation(value) if isinstance(value, datetime) else str(value)
