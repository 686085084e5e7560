"""Going over to another key."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from audit import chain, internal, services, verification
from audit.models import Checkpoint, Entry, Head, Seal
from audit.tests.conftest import NEW, OLD
from core import clock
from core.actor import SYSTEM
from outbox.services import send_test_fact

pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return [found.kind for found in verification.verify()]


def test_the_chain_itself_says_that_its_key_changes(grow, new_key, capsys):
    grow(2)
    before = bytes(Head.objects.get().mac)
    new_key()
    call_command("rotate_audit_key")
    grow(1, "later")

    rotation = Entry.objects.get(action="audit.key_rotated")
    proof = chain.succession(NEW.encode(), before).hex()
    assert json.loads(rotation.text)["meta"] == {"from": "k1", "to": "k2", "proof": proof}
    assert bytes(rotation.mac) == chain.sign(OLD.encode(), rotation.text)
    assert rotation.seal.sequence == 3
    assert [entry.key_id for entry in Entry.objects.order_by("seal__sequence")] == ["k1", "k1", "k1", "k2"]
    assert kinds() == []
    assert services.chain_name() in capsys.readouterr().out


def test_both_ends_are_signed_at_a_rotation(grow, new_key):
    grow(1)
    new_key()
    internal.rotate_key("k2")

    marks = Checkpoint.objects.order_by("sequence")
    assert [(mark.sequence, mark.key_id) for mark in marks] == [(1, "k1"), (2, "k2")]


def test_rotating_twice_rotates_once(grow, new_key):
    grow(1)
    new_key()
    assert len(internal.rotate_key("k2")) == 1
    assert internal.rotate_key("k2") == []
    assert Seal.objects.count() == 2


def test_an_entry_with_a_new_key_brings_its_announcement_along(grow, new_key):
    grow(1)
    new_key()
    grow(2, "later")

    actions = list(Entry.objects.order_by("seal__sequence").values_list("action", flat=True))
    assert actions == ["outbox.tested", "audit.key_rotated", "outbox.tested", "outbox.tested"]
    assert kinds() == []


def test_a_key_that_nobody_configured_is_refused(grow):
    grow(1)
    with pytest.raises(CommandError, match="No secret"):
        call_command("rotate_audit_key", to="k9")
    assert Seal.objects.count() == 1


def test_a_process_that_has_not_been_told_the_new_key_leaves_it_to_others(grow, new_key, now, settings):
    grow(1)
    secrets = (settings.AUDIT_HMAC_KEY_ID, settings.AUDIT_HMAC_SECRET)
    new_key()
    send_test_fact(note="new", actor=SYSTEM, now=now)
    newer = dict(settings.AUDIT_HMAC_OLD_SECRETS)
    settings.AUDIT_HMAC_OLD_SECRETS = {}
    settings.AUDIT_HMAC_KEY_ID, settings.AUDIT_HMAC_SECRET = secrets
    assert internal.seal() == 0

    settings.AUDIT_HMAC_OLD_SECRETS, settings.AUDIT_HMAC_KEY_ID, settings.AUDIT_HMAC_SECRET = newer, "k2", NEW
    assert internal.seal() == 1
    assert kinds() == []


def test_a_key_that_was_never_announced_is_found(grow, new_key, owner_sql):
    grow(2)
    new_key()
    last = Entry.objects.get(seal__sequence=2)
    text = last.text.replace('"kid":"k1"', '"kid":"k2"')
    first = Seal.objects.get(sequence=1)
    mac = chain.link(NEW.encode(), bytes(first.mac), chain.sealed(text, 2))
    owner_sql("UPDATE audit_entry SET text = %s, key_id = 'k2', mac = %s WHERE id = %s",
              [text, chain.sign(NEW.encode(), text), last.id], off=["audit_entry"])  # fmt: skip
    owner_sql("UPDATE audit_seal SET mac = %s WHERE sequence = 2", [mac], off=["audit_seal"])
    owner_sql("UPDATE audit_head SET mac = %s", [mac])

    (found,) = verification.verify()
    assert (found.kind, found.sequence) == ("unknown_kid", 2)


def test_a_retired_key_verifies_and_signs_no_more(grow, new_key, settings, monkeypatch):
    grow(1)
    new_key()
    internal.rotate_key("k2")
    grow(1)
    assert kinds() == []

    settings.AUDIT_HMAC_KEY_ID, settings.AUDIT_HMAC_SECRET = "k1", OLD
    settings.AUDIT_HMAC_OLD_SECRETS = {"k2": NEW}
    grow(1, "while processes restart")
    assert kinds() == []

    later = clock.wall() + timedelta(days=2)
    monkeypatch.setattr(clock, "wall", lambda: later)
    grow(1, "with a key that was stolen")
    assert kinds() == ["unknown_kid"]


def test_without_the_retired_key_the_log_cannot_be_read(grow, new_key, settings):
    grow(1)
    new_key()
    internal.rotate_key("k2")
    settings.AUDIT_HMAC_OLD_SECRETS = {}

    (found,) = verification.verify()
    assert (found.kind, found.sequence) == ("unknown_kid", 1)
