"""Whatever somebody with the whole database in his hands does to a chain, it is found, and found where it was done.

Each corruption is drawn at random, done as the tables' owner with the triggers off, looked for, and rolled back. The
seed is printed with a failure; `AUDIT_SEED=7` repeats it.
"""

import os
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import transaction

from audit import chain, internal, keys, verification
from audit.models import Checkpoint, Entry, Head, Seal

pytestmark = pytest.mark.django_db

TABLES = ("audit_entry", "audit_seal", "audit_checkpoint")
COLUMNS = ("actor", "action", "target", "outcome", "request_id", "client_ip")
Expected = tuple[set[str], int]
Sql = Callable[..., Any]
Corruption = Callable[[Sql, random.Random, int], Expected]


class Undone(Exception):
    """Takes a corruption back."""


def edit_text(sql: Sql, chance: random.Random, length: int) -> Expected:
    place, found = pick(chance, 1, length)
    at = chance.randrange(len(found.entry.text))
    other = chr((ord(found.entry.text[at]) + 1 - 32) % 94 + 32)
    text = found.entry.text[:at] + other + found.entry.text[at + 1 :]
    sql("UPDATE audit_entry SET text = %s WHERE id = %s", [text, found.entry_id], off=TABLES)
    return {"edited"}, place


def edit_column(sql: Sql, chance: random.Random, length: int) -> Expected:
    place, found = pick(chance, 1, length)
    column = chance.choice(COLUMNS)
    sql(f"UPDATE audit_entry SET {column} = 'forged' WHERE id = %s", [found.entry_id], off=TABLES)
    return {"edited"}, place


def push_into_the_next_column(sql: Sql, chance: random.Random, length: int) -> Expected:
    """One column holds two values, the other none: together they read as before."""
    place, found = pick(chance, 1, length)
    sql("ALTER TABLE audit_entry ALTER COLUMN target DROP NOT NULL", off=TABLES)
    both = "UPDATE audit_entry SET action = action || E'\\x1f' || target, target = NULL WHERE id = %s"
    sql(both, [found.entry_id], off=TABLES)
    return {"edited"}, place


def move_in_time(sql: Sql, chance: random.Random, length: int) -> Expected:
    place, found = pick(chance, 1, length)
    sql("UPDATE audit_entry SET at = at + interval '1 us' WHERE id = %s", [found.entry_id], off=TABLES)
    return {"edited"}, place


def take_the_fact(sql: Sql, chance: random.Random, length: int) -> Expected:
    """An entry that is said to be of no fact frees the fact for another entry."""
    place, found = pick(chance, 1, length)
    sql("UPDATE audit_entry SET event_id = NULL WHERE id = %s", [found.entry_id], off=TABLES)
    return {"edited"}, place


def edit_key(sql: Sql, chance: random.Random, length: int) -> Expected:
    place, found = pick(chance, 1, length)
    sql("UPDATE audit_entry SET key_id = 'k9' WHERE id = %s", [found.entry_id], off=TABLES)
    return {"unknown_kid"}, place


def edit_signature(sql: Sql, chance: random.Random, length: int) -> Expected:
    place, found = pick(chance, 1, length)
    sql("UPDATE audit_entry SET mac = %s WHERE id = %s", [chance.randbytes(32), found.entry_id], off=TABLES)
    return {"edited"}, place


def edit_seal(sql: Sql, chance: random.Random, length: int) -> Expected:
    place, _ = pick(chance, 1, length)
    sql("UPDATE audit_seal SET mac = %s WHERE sequence = %s", [chance.randbytes(32), place], off=TABLES)
    return {"edited"}, place


def delete_inside(sql: Sql, chance: random.Random, length: int) -> Expected:
    place, _ = pick(chance, 1, length - 1)
    sql("DELETE FROM audit_seal WHERE sequence = %s", [place], off=TABLES)
    return {"deleted"}, place


def delete_and_close_the_gap(sql: Sql, chance: random.Random, length: int) -> Expected:
    place, _ = pick(chance, 1, length - 1)
    sql("DELETE FROM audit_seal WHERE sequence = %s", [place], off=TABLES)
    for later in range(place + 1, length + 1):
        sql("UPDATE audit_seal SET sequence = %s WHERE sequence = %s", [later - 1, later], off=TABLES)
    return {"reordered", "edited"}, place


def swap(sql: Sql, chance: random.Random, length: int) -> Expected:
    one, other = sorted(chance.sample(range(1, length + 1), 2))
    for old, new in ((one, length + 1), (other, one), (length + 1, other)):
        sql("UPDATE audit_seal SET sequence = %s WHERE sequence = %s", [new, old], off=TABLES)
    return {"reordered"}, one


def cut_off(sql: Sql, chance: random.Random, length: int) -> Expected:
    """The end is cut off, and the head says so too: only a checkpoint remembers."""
    place, before = pick(chance, 1, length - 1)
    sql("DELETE FROM audit_seal WHERE sequence > %s", [place], off=TABLES)
    sql("UPDATE audit_head SET sequence = %s, mac = %s", [place, bytes(before.mac)])
    return {"truncated"}, place + 1


def write_anew(sql: Sql, chance: random.Random, length: int) -> Expected:
    """Somebody who holds the key changes an entry and signs everything behind it again."""
    place, found = pick(chance, 1, length)
    text = found.entry.text.replace('"action":"', '"action":"un', 1)
    columns = [text, "un" + found.entry.action, chain.sign(keys.get(found.entry.key_id), text), found.entry_id]
    sql("UPDATE audit_entry SET text = %s, action = %s, mac = %s WHERE id = %s", columns, off=TABLES)
    mac = bytes(Seal.objects.get(sequence=place - 1).mac) if place > 1 else chain.GENESIS
    for seal in Seal.objects.select_related("entry").filter(sequence__gte=place).order_by("sequence"):
        mac = chain.link(keys.get(seal.entry.key_id), mac, chain.sealed(seal.entry.text, seal.sequence))
        sql("UPDATE audit_seal SET mac = %s WHERE sequence = %s", [mac, seal.sequence], off=TABLES)
    sql("UPDATE audit_head SET mac = %s", [mac])
    first_mark = Checkpoint.objects.filter(sequence__gte=place).order_by("sequence").values_list("sequence", flat=True)
    return {"forked"}, first_mark[0]


def edit_checkpoint(sql: Sql, chance: random.Random, _length: int) -> Expected:
    mark = chance.choice(list(Checkpoint.objects.all()))
    column = chance.choice(("mac", "checkpoint_mac"))
    sql(f"UPDATE audit_checkpoint SET {column} = %s WHERE id = %s", [chance.randbytes(32), mark.id], off=TABLES)
    return {"edited"}, mark.sequence


def move_the_head(sql: Sql, chance: random.Random, length: int) -> Expected:
    further = chance.choice((length + 3, length - 1))
    sql("UPDATE audit_head SET sequence = %s", [further])
    return ({"truncated"}, length + 1) if further > length else ({"forked"}, length)


CORRUPTIONS: tuple[Corruption, ...] = (
    edit_text, edit_column, push_into_the_next_column, move_in_time, take_the_fact, edit_key, edit_signature, edit_seal,
    delete_inside, delete_and_close_the_gap, swap, cut_off, write_anew, edit_checkpoint, move_the_head,
)  # fmt: skip


def pick(chance: random.Random, first: int, last: int) -> tuple[int, Seal]:
    place = chance.randint(first, last)
    return place, Seal.objects.select_related("entry").get(sequence=place)


@pytest.fixture
def length(grow: Any) -> int:
    """A chain with a checkpoint in the middle and one at its end."""
    grow(7, 'é 💶 \\ " ,"target":{')
    internal.checkpoint()
    grow(6)
    internal.checkpoint()
    return Head.objects.get().sequence


def try_all(sql: Sql, length: int, number: int, corruptions: Sequence[Corruption] = CORRUPTIONS) -> None:
    seed = int(os.environ.get("AUDIT_SEED") or random.SystemRandom().randrange(10**9))
    chance = random.Random(seed)
    assert list(verification.verify()) == [], "the chain must be whole before"
    for count in range(number):
        corrupt = corruptions[count % len(corruptions)]
        with pytest.raises(Undone), transaction.atomic():
            kinds, place = corrupt(sql, chance, length)
            found = verification.verify_chain().found
            said = f"AUDIT_SEED={seed}, number {count}: {corrupt.__name__} at {place} gave {found}"
            assert found is not None, said
            assert (found.kind in kinds, found.sequence) == (True, place), said
            raise Undone
    assert list(verification.verify()) == [], "the chain must be whole after"


def test_corruptions_are_found_where_they_were_done(owner_sql, length):
    try_all(owner_sql, length, 2 * len(CORRUPTIONS))


@pytest.mark.proof
def test_a_thousand_corruptions_are_found_where_they_were_done(owner_sql, length):
    try_all(owner_sql, length, 1000)


def test_a_verifier_that_compares_no_macs_finds_less(owner_sql, length, monkeypatch):
    """The negative control: without the comparison the same corruptions pass."""
    monkeypatch.setattr(chain, "same", lambda _one, _other: True)
    with pytest.raises(AssertionError, match="AUDIT_SEED"):
        try_all(owner_sql, length, 1, [edit_seal])


def test_an_entry_cannot_go_unmissed_before_it_is_sealed(owner_sql, length, actor, now):
    with pytest.raises(Undone), transaction.atomic():
        entry = Entry.objects.get(seal__sequence=length)
        owner_sql("DELETE FROM audit_seal WHERE sequence = %s", [length], off=TABLES)
        owner_sql("DELETE FROM audit_checkpoint WHERE sequence = %s", [length], off=TABLES)
        owner_sql("DELETE FROM audit_entry WHERE id = %s", [entry.id], off=TABLES)
        before = Seal.objects.get(sequence=length - 1)
        owner_sql("UPDATE audit_head SET sequence = %s, mac = %s", [length - 1, bytes(before.mac)])
        found = verification.verify_chain().found
        assert found is not None
        assert (found.kind, found.detail.startswith("no entry for the fact")) == ("deleted", True)
        raise Undone
