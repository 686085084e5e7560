"""When a proof gives up waiting: not while there is less to do each time, and soon when there is not."""

from collections.abc import Iterator
from typing import Any

from proof.harness.settling import work_off


class Outside:
    """What is left to do, each time it is asked for; the last answer for ever."""

    def __init__(self, left: Iterator[int]) -> None:
        self._left, self._last = left, 0

    def unfinished(self) -> int:
        self._last = next(self._left, self._last)
        return self._last


def worked_off(left: Iterator[int], patience_s: float) -> tuple[bool, int]:
    looks: list[int] = []
    outside: Any = Outside(left)
    return work_off(outside, every=lambda: looks.append(1), patience_s=patience_s, interval=0.002), len(looks)


def test_what_grows_less_is_waited_for_however_long_it_takes() -> None:
    assert worked_off(iter(range(60, -1, -1)), patience_s=0.5) == (True, 60)


def test_what_is_stuck_is_given_up() -> None:
    is_through, looks = worked_off(iter([9, 8, 7]), patience_s=0.05)
    assert not is_through
    assert looks >= 2


def test_what_only_goes_up_and_down_is_stuck_too() -> None:
    assert not worked_off(iter([5, 6, 5, 7] * 1_000), patience_s=0.05)[0]


def test_nothing_to_do_is_nothing_to_wait_for() -> None:
    assert worked_off(iter([0]), patience_s=0.0) == (True, 0)
