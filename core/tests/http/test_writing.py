"""Writing bodies: quicker than the framework, and never otherwise."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from rest_framework import serializers

from accounts.models import Customer
from accounts.tests.factories import make_customer
from core import ids
from core.http import fields
from core.http.serializers import ResponseBody

AT = datetime(2026, 1, 31, 13, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))


@dataclass
class Part:
    name: str
    amount: Decimal


@dataclass
class Row:
    id: UUID
    at: datetime
    word: str
    count: int
    parts: list[Part]
    first: Part
    note: str | None = None

    @property
    def public_id(self) -> str:
        return ids.encode("row", self.id)

    def spoken(self) -> str:
        return self.word.upper()


class PartBody(ResponseBody):
    name = fields.StrictString()
    amount = fields.DecimalText(max_digits=9, decimal_places=2)


class Body(ResponseBody):
    id = serializers.CharField(source="public_id")
    raw = fields.PublicId("row", source="id")
    at = fields.Instant()
    word = fields.StrictString()
    spoken = fields.StrictString()
    count = fields.StrictInt()
    note = fields.StrictString(allow_null=True)
    absent = fields.StrictString(required=False)
    assumed = fields.StrictString(default="assumed")
    hidden = fields.StrictString(write_only=True)
    parts = PartBody(many=True)
    first = PartBody()
    deep = fields.StrictString(source="first.name")
    made = serializers.SerializerMethodField()

    def get_made(self, row: Any) -> str:
        """This function will return what the context knows."""
        return f"{self.context['who']} {row.word}"


def row(**changes: Any) -> Row:
    parts = [Part("a", Decimal("1.50")), Part("b", Decimal(2))]
    known = {"id": ids.new(), "at": AT, "word": "one", "count": 3, "parts": parts, "first": parts[0]}
    return Row(**{**known, **changes})


@pytest.mark.parametrize("changes", [{}, {"note": "noted"}, {"parts": []}, {"at": AT.astimezone(UTC)}, {"count": 0}])
def test_a_body_is_what_the_framework_writes(changes: dict[str, Any]) -> None:
    shown = row(**changes)
    body = Body(shown, context={"who": "me"})
    plain = serializers.Serializer.to_representation(body, shown)
    assert body.data == plain
    assert list(body.data) == list(plain)
    assert plain.keys().isdisjoint({"hidden", "absent"})
    assert plain["assumed"] == "assumed"


def test_several_are_written_like_one() -> None:
    rows = [row(), row(word="two")]
    assert Body.of(rows, who="me") == [Body.of(one, who="me") for one in rows]
    assert Body.of([], who="me") == []


def test_what_stands_for_a_row_may_be_a_mapping() -> None:
    assert PartBody.of({"name": "a", "amount": Decimal("1.50")}) == {"name": "a", "amount": "1.5"}


def test_a_row_without_what_is_shown_is_a_bug_that_shows() -> None:
    with pytest.raises(AttributeError, match="name"):
        PartBody.of(object())


class CustomerBody(ResponseBody):
    id = serializers.CharField(source="public_id")
    raw = fields.PublicId("cus", source="id")
    environment = fields.PublicId("env", source="environment_id")
    name = fields.StrictString()
    country = fields.StrictString(allow_null=True)
    kind = fields.Choice(["live", "sandbox"], source="environment.kind")
    metadata = fields.Metadata()
    erased_at = fields.Instant(allow_null=True)
    created_at = fields.Instant()
    absent = fields.StrictString(required=False)


class NameBody(ResponseBody):
    name = fields.StrictString()


@pytest.mark.django_db
@pytest.mark.parametrize("changes", [{}, {"name": "Ada", "metadata": {"a": "b"}}, {"now": AT}])
def test_a_row_of_a_model_is_what_the_framework_writes(changes: dict[str, Any]) -> None:
    shown = make_customer(**changes)
    for body in (CustomerBody(shown), NameBody(shown)):
        plain = serializers.Serializer.to_representation(body, shown)
        assert body.data == plain
        assert list(body.data) == list(plain)
        assert {type(value) for value in body.data.values()} == {type(value) for value in plain.values()}
    assert "absent" not in CustomerBody.of(shown)


@pytest.mark.django_db
def test_a_column_that_was_left_out_is_fetched() -> None:
    known = make_customer(name="Ada")
    shown = Customer.objects.only("id").get(pk=known.pk)
    assert CustomerBody.of(shown)["name"] == "Ada"


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(hours=-3, minutes=-30), timedelta(seconds=59)])
def test_an_instant_is_written_in_utc_from_any_zone(offset: timedelta) -> None:
    moment = AT.astimezone(timezone(offset, "Z"))
    assert fields.Instant().to_representation(moment) == "2026-01-31T11:00:00.000005Z"
    assert fields.Instant().to_representation(datetime(1, 1, 1, tzinfo=ZoneInfo("UTC"))) == "0001-01-01T00:00:00Z"
