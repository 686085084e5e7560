"""Request ids."""

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core.conformance import Case
from core.http.request_id import choose, is_accepted
from tests.conformance import cases, check


@pytest.mark.parametrize("case", cases("request_id"))
def test_a_clients_id_is_taken_over_whole_or_not_at_all(case: Case) -> None:
    check("request_id", case)
    header = case.given["header"]
    assert choose(header, "fresh") == (header if case.expected["accepted"] else "fresh")


def test_an_absent_header_gets_a_fresh_id() -> None:
    assert choose(None, "fresh") == "fresh"


@generated(st.text())
def test_what_is_accepted_is_harmless(header: str) -> None:
    if is_accepted(header):
        assert header.isascii()
        assert 1 <= len(header) <= 128
        assert not set(header) & set(" \t\r\n\"'<>/\\%:;,${}")
