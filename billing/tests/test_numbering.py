"""How numbers are written and which counter they come from."""

from datetime import UTC, datetime

import pytest

from billing import numbering

AT = datetime(2026, 3, 9, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(("reset", "bucket"), [("never", "all"), ("yearly", "2026"), ("monthly", "2026-03")])
def test_an_instant_counts_on_the_counter_of_its_time(reset: str, bucket: str) -> None:
    assert numbering.bucket(reset, AT) == bucket


@pytest.mark.parametrize(("pattern", "number"), [
    ("INV-{yyyy}{mm}-{seq:05}", "INV-202603-00042"),
    ("{seq}", "42"),
    ("R{yyyy}/{seq:08}", "R2026/00000042"),
])  # fmt: skip
def test_a_number_is_written_by_its_pattern(pattern: str, number: str) -> None:
    assert numbering.number(pattern, sequence=42, at=AT) == number


@pytest.mark.parametrize(("pattern", "reset"), [
    ("INV-{yyyy}{mm}-{seq:05}", "monthly"), ("{yyyy}-{seq}", "yearly"), ("{seq}", "never"),
])  # fmt: skip
def test_a_pattern_that_tells_all_numbers_apart_is_accepted(pattern: str, reset: str) -> None:
    numbering.check(pattern, reset=reset)


@pytest.mark.parametrize(("pattern", "reset"), [
    ("INV", "never"),
    ("INV-{yyyy}", "never"),
    ("{seq}", "yearly"),
    ("{yyyy}-{seq}", "monthly"),
    ("{seq}{customer}", "never"),
    ("{seq.__class__}{seq}", "never"),
    ("{seq[0]}{seq}", "never"),
    ("{seq", "never"),
    ("{seq:q}", "never"),
    ("{}{seq}", "never"),
    ("{seq:080}", "never"),
])  # fmt: skip
def test_any_other_pattern_is_refused(pattern: str, reset: str) -> None:
    with pytest.raises(numbering.NumberFormatInvalid):
        numbering.check(pattern, reset=reset)
