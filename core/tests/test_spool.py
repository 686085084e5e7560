"""What waits in a transaction, whatever its savepoints do."""

from core.spool import Spool


def spool_of(*things: str) -> Spool[str]:
    spool: Spool[str] = Spool()
    for thing in things:
        spool.add(thing)
    return spool


def test_what_was_added_is_taken_once_in_order():
    spool = spool_of("a", "b")
    assert bool(spool)
    assert spool.take() == ["a", "b"]
    assert not spool
    assert spool.take() == []


def test_a_savepoint_that_is_undone_takes_only_what_was_added_since():
    spool = spool_of("a")
    spool.begin("s1")
    spool.add("b")
    spool.begin("s2")
    spool.add("c")
    spool.undo("s2")
    spool.add("d")
    assert spool.take() == ["a", "b", "d"]


def test_an_outer_savepoint_takes_the_inner_ones_with_it_though_they_were_released():
    spool = spool_of("a")
    spool.begin("s1")
    spool.begin("s2")
    spool.add("b")
    spool.release("s2")
    spool.undo("s1")
    assert spool.take() == ["a"]


def test_what_was_written_after_a_savepoint_waits_again_when_that_is_undone():
    spool = spool_of("a")
    spool.begin("s1")
    spool.add("b")
    assert spool.take() == ["a", "b"]
    spool.undo("s1")
    spool.add("c")
    assert spool.take() == ["a", "c"]


def test_what_was_written_before_a_savepoint_stays_written():
    spool = spool_of("a")
    assert spool.take() == ["a"]
    spool.begin("s1")
    spool.undo("s1")
    assert spool.take() == []


def test_a_savepoint_can_be_undone_twice():
    spool = spool_of("a")
    spool.begin("s1")
    for _ in range(2):
        spool.add("b")
        assert spool.take() == ["a", "b"]
        spool.undo("s1")
    assert spool.take() == ["a"]
