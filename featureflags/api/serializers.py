"""The bodies of features."""

from rest_framework import serializers

from core.http.serializers import ResponseBody


class FlagBody(ResponseBody):
    """`source` is `variable`, `document`, `override` or `default`."""

    name = serializers.CharField()
    enabled = serializers.BooleanField(source="is_on")
    source = serializers.CharField()  # type: ignore[assignment]


class FlagsBody(ResponseBody):
    """All of them: there are few, so the list has no pages."""

    data = FlagBody(many=True)  # type: ignore[assignment]
