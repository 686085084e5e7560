"""How keys and tokens look."""

import pytest

from accounts import credentials, emails


@pytest.mark.parametrize("prefix", ["sk_live", "sk_test", "pk_live", "pk_test", "sys"])
def test_a_key_has_its_prefix_eight_characters_and_thirty_two_secret_ones(prefix: str) -> None:
    key = credentials.new_key(prefix)
    assert key.text.startswith(f"{prefix}_{key.lookup}")
    assert len(key.text) == len(prefix) + 1 + 8 + 32
    assert key.text.endswith(key.last_four)
    assert credentials.lookup_of(key.text) == key.lookup
    assert key.text not in repr(key)


@pytest.mark.parametrize("text", ["", "sk_test_", "sk_prod_" + "a" * 40, "sk_test_" + "a" * 39, "sk_test_" + "ä" * 40])
def test_another_text_is_no_key(text: str) -> None:
    assert credentials.lookup_of(text) is None


def test_a_digest_is_compared_whole() -> None:
    stored = credentials.digest("secret")
    assert credentials.is_same("secret", stored)
    assert not credentials.is_same("secre", stored)


def test_a_successor_is_always_the_same_and_needs_the_secret() -> None:
    assert credentials.successor("t", secret="s") == credentials.successor("t", secret="s")
    assert credentials.successor("t", secret="s") != credentials.successor("t", secret="other")
    assert len(credentials.successor("t", secret="s")) == 64


def test_an_address_is_compared_as_people_mean_it() -> None:
    assert emails.canonical(" Ada@EXAMPLE.com ") == "ada@example.com"
    assert emails.canonical("ａda@example.com") == "ada@example.com"
