"""Public ids."""

import re
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from core import ids


@given(st.uuids())
def test_what_is_encoded_is_decoded(value):
    text = ids.encode("sub", value)
    assert re.fullmatch(r"sub_[0-7][0-9a-hjkmnp-tv-z]{25}", text)
    assert ids.decode("sub", text) == value


@given(st.uuids() | st.integers(0, 127).map(lambda bit: UUID(int=1 << bit)))
def test_each_character_is_five_bits(value):
    digits = [ids.ALPHABET[value.int >> 5 * place & 31] for place in reversed(range(26))]
    assert ids.encode("sub", value) == f"sub_{''.join(digits)}"


@pytest.mark.parametrize(
    "text",
    ["", "sub_", "inv_" + "0" * 26, "sub_" + "0" * 25, "sub_" + "0" * 27, "sub_8" + "0" * 25, "sub_" + "O" * 26,
     "SUB_" + "0" * 26, "sub_" + "0" * 26 + "\n", "sub_" + "٣" * 26],
)  # fmt: skip
def test_only_the_one_spelling_is_an_id(text):
    with pytest.raises(ids.MalformedId):
        ids.decode("sub", text)


def test_ids_sort_by_their_creation():
    made = [ids.encode("sub", ids.new()) for _ in range(1000)]
    assert made == sorted(made)


@pytest.mark.django_db
@pytest.mark.parametrize("value", [UUID(int=0), UUID(int=2**128 - 1), ids.new(), UUID(int=5)])
def test_the_database_writes_the_same_public_id(value):
    with connection.cursor() as cursor:
        cursor.execute("SELECT public_id('gft', %s)", [value])
        assert cursor.fetchone() == (ids.encode("gft", value),)
